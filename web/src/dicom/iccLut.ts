// SPDX-License-Identifier: Apache-2.0
/**
 * Tables of an ICC profile from three samples to three: `mft1`, `mft2` and `mAB ` (ICC.1:2022
 * 10.10 to 10.12). A table gives the encoded values of the connection space, from 0 to 1.
 */

import { readCurves, sampled, clamp, type Curve } from './iccCurve'
import { fixed, ProfileError, signature } from './iccProfile'
import { said } from '../words/said'

export type Triple = readonly [number, number, number]
export type Transform = (value: Triple) => Triple

/** How the values of a table stand for those of the connection space. */
export type Encoding = 'lut8' | 'lut16' | 'v4'

interface Grid {
  readonly points: Triple
  readonly values: Float64Array
}

/** Read a table. */
export function readTable(view: DataView): { transform: Transform; encoding: Encoding } {
  const kind = signature(view, 0)
  if (view.byteLength < 32 || view.getUint8(8) !== 3 || view.getUint8(9) !== 3)
    throw new ProfileError(said('a table does not lead from three colours to three'))
  if (kind === 'mft1') return { transform: readClassic(view, 1), encoding: 'lut8' }
  if (kind === 'mft2') return { transform: readClassic(view, 2), encoding: 'lut16' }
  if (kind === 'mAB ') return { transform: readModern(view), encoding: 'v4' }
  throw new ProfileError(said('a table is of an unknown kind'))
}

/** Input curves, grid, output curves. The matrix before them is for XYZ devices alone. */
function readClassic(view: DataView, bytes: 1 | 2): Transform {
  const side = view.getUint8(10)
  const [inputs, outputs] = bytes === 1 ? [256, 256] : [view.getUint16(48), view.getUint16(50)]
  let position = bytes === 1 ? 48 : 52
  const take = (count: number): Float64Array => {
    const values = samples(view, position, count, bytes)
    position += count * bytes
    return values
  }
  const before = [0, 1, 2].map(() => sampled(take(inputs)))
  const grid = { points: [side, side, side] as const, values: take(side ** 3 * 3) }
  const after = [0, 1, 2].map(() => sampled(take(outputs)))
  return (value) => each(after, interpolate(grid, each(before, value)))
}

/** "A" curves, grid, "M" curves, matrix, "B" curves, of which all but the last may be absent. */
function readModern(view: DataView): Transform {
  const [b, matrix, m, grid, a] = [12, 16, 20, 24, 28].map((place) => view.getUint32(place))
  const stages: Transform[] = []
  if (a && grid) {
    const curves = readCurves(view, a, 3)
    const table = readGrid(view, grid)
    stages.push((value) => interpolate(table, each(curves, value)))
  }
  if (m && matrix) {
    const curves = readCurves(view, m, 3)
    const turn = readMatrix(view, matrix)
    stages.push((value) => turn(each(curves, value)))
  }
  if (!b) throw new ProfileError(said('a table lacks its curves'))
  const last = readCurves(view, b, 3)
  return (value) =>
    each(
      last,
      stages.reduce((carried, stage) => stage(carried), value),
    )
}

function readGrid(view: DataView, offset: number): Grid {
  const points = [0, 1, 2].map((index) => view.getUint8(offset + index))
  const [x = 0, y = 0, z = 0] = points
  const bytes = view.getUint8(offset + 16)
  if (bytes !== 1 && bytes !== 2)
    throw new ProfileError(said('a table has samples of an unknown size'))
  return { points: [x, y, z], values: samples(view, offset + 20, x * y * z * 3, bytes) }
}

function readMatrix(view: DataView, offset: number): Transform {
  const e = Array.from({ length: 12 }, (_, index) => fixed(view, offset + index * 4))
  const row = (at: number, [x, y, z]: Triple): number =>
    (e[at * 3] ?? 0) * x + (e[at * 3 + 1] ?? 0) * y + (e[at * 3 + 2] ?? 0) * z + (e[9 + at] ?? 0)
  return (value) => [row(0, value), row(1, value), row(2, value)]
}

function samples(view: DataView, offset: number, count: number, bytes: 1 | 2): Float64Array {
  if (count < 2 || offset + count * bytes > view.byteLength)
    throw new ProfileError(said('a table is cut short'))
  return Float64Array.from({ length: count }, (_, index) =>
    bytes === 1 ? view.getUint8(offset + index) / 255 : view.getUint16(offset + index * 2) / 65535,
  )
}

function each(curves: readonly Curve[], [x, y, z]: Triple): Triple {
  const [first, second, third] = curves
  return [first?.(x) ?? x, second?.(y) ?? y, third?.(z) ?? z]
}

/** Within the tetrahedron of the grid around a value, as colour engines do. */
function interpolate({ points, values }: Grid, value: Triple): Triple {
  const strides = [points[1] * points[2] * 3, points[2] * 3, 3]
  const axes = [0, 1, 2].map((axis) => {
    const last = (points[axis] ?? 2) - 1
    const place = clamp(value[axis] ?? 0) * last
    const index = Math.max(0, Math.min(Math.floor(place), last - 1))
    return { rest: place - index, stride: strides[axis] ?? 0, start: index * (strides[axis] ?? 0) }
  })
  let corner = axes.reduce((sum, { start }) => sum + start, 0)
  const found = [0, 1, 2].map((sample) => values[corner + sample] ?? 0)
  // From corner to corner along the axes, the one with the largest rest first.
  for (const { rest, stride } of axes.sort((one, other) => other.rest - one.rest)) {
    const next = corner + stride
    for (let sample = 0; sample < 3; sample++) {
      const step = (values[next + sample] ?? 0) - (values[corner + sample] ?? 0)
      found[sample] = (found[sample] ?? 0) + rest * step
    }
    corner = next
  }
  const [x = 0, y = 0, z = 0] = found
  return [x, y, z]
}
