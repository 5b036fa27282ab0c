// SPDX-License-Identifier: Apache-2.0
/** Curves of an ICC profile: `curv` and `para` (ICC.1:2022 10.6 and 10.18). */

import { fixed, ProfileError, signature } from './iccProfile'
import { said } from '../words/said'

/** From 0 … 1 to 0 … 1. */
export type Curve = (value: number) => number

/** Parameters of each kind of parametric curve, in the order in which they are written. */
const PARAMETERS = [1, 3, 4, 5, 7] as const

/** Read a curve and the number of bytes it takes, without what aligns the next. */
export function readCurve(view: DataView, offset: number): { curve: Curve; length: number } {
  const kind = signature(view, offset)
  if (kind === 'curv') return readSampled(view, offset)
  if (kind === 'para') return readParametric(view, offset)
  throw new ProfileError(said('a curve is damaged'))
}

/** Curves that follow each other, each beginning at a multiple of four bytes. */
export function readCurves(view: DataView, offset: number, count: number): Curve[] {
  const curves: Curve[] = []
  let position = offset
  for (let index = 0; index < count; index++) {
    const { curve, length } = readCurve(view, position)
    curves.push(curve)
    position += Math.ceil(length / 4) * 4
  }
  return curves
}

/** A curve through values at equal distances. */
export function sampled(values: ArrayLike<number>): Curve {
  const last = values.length - 1
  return (value) => {
    const place = clamp(value) * last
    const index = Math.min(Math.floor(place), last - 1)
    const low = values[index] ?? 0
    return low + ((values[index + 1] ?? low) - low) * (place - index)
  }
}

/** A value within 0 … 1. */
export function clamp(value: number): number {
  return value > 0 ? Math.min(value, 1) : 0
}

function readSampled(view: DataView, offset: number): { curve: Curve; length: number } {
  const count = view.getUint32(offset + 8)
  const length = 12 + count * 2
  if (offset + length > view.byteLength) throw new ProfileError(said('a curve is cut short'))
  if (count === 0) return { curve: (value) => value, length }
  if (count === 1) {
    const gamma = view.getUint16(offset + 12) / 256
    return { curve: (value) => clamp(value) ** gamma, length }
  }
  const values = Float64Array.from(
    { length: count },
    (_, index) => view.getUint16(offset + 12 + index * 2) / 65535,
  )
  return { curve: sampled(values), length }
}

function readParametric(view: DataView, offset: number): { curve: Curve; length: number } {
  const count = PARAMETERS[view.getUint16(offset + 8)]
  if (!count) throw new ProfileError(said('a curve is of an unknown kind'))
  const given = Array.from({ length: count }, (_, index) => fixed(view, offset + 12 + index * 4))
  return { curve: parametric(given), length: 12 + count * 4 }
}

/** `(a x + b) ^ g + e` from `d` on, else `c x + f`; what a kind leaves out follows from the rest. */
function parametric(given: readonly number[]): Curve {
  const at = (index: number): number => given[index] ?? 0
  const [g, a, b] = given.length === 1 ? [at(0), 1, 0] : [at(0), at(1), at(2)]
  if (given.length <= 4) return (value) => clamp(power(a * value + b, g) + at(3))
  const [c, d, e, f] = [at(3), at(4), at(5), at(6)]
  return (value) => clamp(value >= d ? power(a * value + b, g) + e : c * value + f)
}

function power(base: number, exponent: number): number {
  return base > 0 ? base ** exponent : 0
}
