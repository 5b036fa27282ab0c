// SPDX-License-Identifier: Apache-2.0
/** In which unit the reader wants lengths; kept by the browser. */

import { choice } from './habits'

export const LENGTH_UNITS = ['auto', 'um', 'mm'] as const
export type LengthUnit = (typeof LENGTH_UNITS)[number]

/** `auto`: micrometres below a millimetre, else millimetres. */
export const lengthUnit = choice('unit', LENGTH_UNITS)

/** Whether something is told in micrometres, given where millimetres are easier to read. */
export function inMicrometres(value: number, easier: number, unit = lengthUnit.value): boolean {
  return unit === 'auto' ? value < easier : unit === 'um'
}
