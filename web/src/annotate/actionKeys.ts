// SPDX-License-Identifier: Apache-2.0
/** What keys do while the drawer of annotations is open: its buttons and the help name them. */

import { msg } from '../words'

interface Named {
  readonly label: string
  readonly key: string
}

export const DRAWING_KEYS = {
  edit: { label: msg('edit and move'), key: 'v' },
  point: { label: msg('point'), key: 'd' },
  line: { label: msg('line'), key: 'j' },
  polygon: { label: msg('polygon'), key: 'c' },
  freehand: { label: msg('freehand'), key: 'w' },
  rectangle: { label: msg('rectangle'), key: 'q' },
  ellipse: { label: msg('ellipse'), key: 'e' },
} as const satisfies Readonly<Record<string, Named>>

export const CHANGE_KEYS = {
  undo: { label: msg('undo'), key: 'ctrl z' },
  redo: { label: msg('redo'), key: 'ctrl y' },
  duplicate: { label: msg('duplicate'), key: 'D' },
  remove: { label: msg('delete'), key: 'Delete' },
} as const satisfies Readonly<Record<string, Named>>

/** All of them, as the help lists them. */
export const ANNOTATING: readonly Named[] = [
  ...Object.values(DRAWING_KEYS),
  ...Object.values(CHANGE_KEYS),
]
