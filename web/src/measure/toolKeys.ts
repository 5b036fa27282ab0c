// SPDX-License-Identifier: Apache-2.0
/** Keys of the measuring tools while their drawer is open; where both draw it, as in annotations. */

import { KINDS, type Kind } from './geometry'

export const TOOL_KEYS: Readonly<Record<Kind, string>> = {
  length: 'd',
  polyline: 'j',
  angle: 'w',
  area: 'c',
  ellipse: 'e',
  circle: 'q',
  count: 'v',
}

/** The tool of a key. */
export function toolOf(key: string): Kind | null {
  return KINDS.find((kind) => TOOL_KEYS[kind] === key) ?? null
}
