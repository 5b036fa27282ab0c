// SPDX-License-Identifier: Apache-2.0
/** What a reader types: magnifications and places. */

import { mppAt, type Point, type Size } from '../dicom/geometry'

/** Where the slide's pixels lie: their size, and how much higher than wide they are. */
export interface Ruler {
  /** Micrometres per column of level 0; `null` where not calibrated. */
  readonly mpp: number | null
  readonly aspect: number
}

export type Unit = 'mm' | 'px'

const SCALE = /^([\d.,]+)\s*(x|×|(?:[µμu]m|mpp)(?:\s*\/\s*px)?)?$/i
const RATIO = /^1\s*:\s*([\d.,]+)$/

/**
 * Level-0 pixels per screen pixel of `12.5x` (or `12.5`), `0.8 µm/px`, or `1:4`; `null` where it
 * says nothing of the kind. Where the slide is not calibrated, only `1:4` and `4` say something.
 */
export function parseScale(typed: string, { mpp }: Ruler): number | null {
  const [, ratio] = RATIO.exec(typed.trim()) ?? []
  if (ratio) return positive(ratio)
  const [, digits, unit = 'x'] = SCALE.exec(typed.trim()) ?? []
  const value = digits ? positive(digits) : null
  if (value === null) return null
  if (mpp === null) return unit === 'x' ? value : null
  return /^[x×]$/i.test(unit) ? mppAt(value) / mpp : value / mpp
}

/** A place of the slide from its two numbers; `null` where they are none, or lie beyond its edge. */
export function parsePlace(
  [x, y]: readonly [string, string],
  unit: Unit,
  ruler: Ruler,
  size: Size,
): Point | null {
  const [right, down] = [decimal(x), decimal(y)]
  if (right === null || down === null || (unit === 'mm' && ruler.mpp === null)) return null
  const place = fromUnit({ x: right, y: down }, unit, ruler)
  const within = place.x >= 0 && place.y >= 0 && place.x <= size.width && place.y <= size.height
  return within ? place : null
}

/** A place in millimetres, or in columns and rows of level 0, from the slide's upper left. */
export function inUnit({ x, y }: Point, unit: Unit, { mpp, aspect }: Ruler): Point {
  const millimetres = (mpp ?? 0) / 1000
  return unit === 'mm' ? { x: x * millimetres, y: y * millimetres } : { x, y: y / aspect }
}

function fromUnit({ x, y }: Point, unit: Unit, { mpp, aspect }: Ruler): Point {
  const columns = 1000 / (mpp ?? 1)
  return unit === 'mm' ? { x: x * columns, y: y * columns } : { x, y: y * aspect }
}

/** A place in words: `12.345, 3.210 mm`, or `1234, 456 px`. */
export function placeWords(place: Point, unit: Unit, ruler: Ruler): string {
  const { x, y } = inUnit(place, unit, ruler)
  const digits = unit === 'mm' ? 3 : 0
  return `${x.toFixed(digits)}, ${y.toFixed(digits)}\u2009${unit}`
}

function positive(typed: string): number | null {
  const value = decimal(typed)
  return value !== null && value > 0 ? value : null
}

/** A number with a decimal point, or a comma. */
function decimal(typed: string): number | null {
  const text = typed.trim().replace(',', '.')
  return /^-?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : null
}
