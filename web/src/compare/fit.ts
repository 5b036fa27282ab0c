// SPDX-License-Identifier: Apache-2.0
/** Maps from pairs of points that show the same place of two slides, by least squares. */

import type { Point } from '../dicom/geometry'
import { applied, IDENTITY, ofSimilar, taking, type Affine } from './affine'

/** The same place on the slide that is to be aligned and on the first one. */
export interface Pair {
  readonly from: Point
  readonly to: Point
}

/** What may change: shift; and turn; and size; and shape. */
export const KINDS = ['shift', 'rigid', 'similarity', 'affine'] as const
export type Kind = (typeof KINDS)[number]

/** Pairs that a kind needs at least. */
export const LEAST_PAIRS: Readonly<Record<Kind, number>> = {
  shift: 1,
  rigid: 2,
  similarity: 2,
  affine: 3,
}

/** What the points do not tell. */
export interface Known {
  /** Whether one slide is seen in a mirror against the other; an affine fit finds out itself. */
  readonly mirrored: boolean
  /** The size of the one against the other, which shift and turn keep. */
  readonly scale: number
  /** The linear part that a mere shift keeps. */
  readonly part?: Affine
}

/** Points nearer than this, against how far they spread, say nothing. */
const DEGENERATE = 1e-9

/** The map that fits best; `null` where the pairs are too few, or lie in one place or line. */
export function fitted(pairs: readonly Pair[], kind: Kind, known: Known): Affine | null {
  if (pairs.length < LEAST_PAIRS[kind]) return null
  const from = middle(pairs.map((pair) => pair.from))
  const to = middle(pairs.map((pair) => pair.to))
  const about = pairs.map((pair) => ({
    from: minus(pair.from, from),
    to: minus(pair.to, to),
  }))
  const part = linearPart(about, kind, known)
  return part && taking(part, from, to)
}

/** The root of the mean square of the distances that remain. */
export function residual(pairs: readonly Pair[], map: Affine): number {
  const squares = pairs.map(({ from, to }) => {
    const { x, y } = minus(applied(map, from), to)
    return x * x + y * y
  })
  return Math.sqrt(sum(squares) / Math.max(1, pairs.length))
}

function linearPart(about: readonly Pair[], kind: Kind, known: Known): Affine | null {
  switch (kind) {
    case 'shift':
      return known.part ?? { ...IDENTITY, a: known.scale, d: known.scale }
    case 'rigid':
      return similarPart(about, known.mirrored, known.scale)
    case 'similarity':
      return similarPart(about, known.mirrored, null)
    case 'affine':
      return affinePart(about)
  }
}

/** The turn, and the scale where that is not given, of points about their middle. */
function similarPart(about: readonly Pair[], mirrored: boolean, scale: number | null) {
  const side = mirrored ? -1 : 1
  const cos = sum(about.map(({ from, to }) => side * from.x * to.x + from.y * to.y))
  const sin = sum(about.map(({ from, to }) => side * from.x * to.y - from.y * to.x))
  const spread = sum(about.map(({ from }) => from.x ** 2 + from.y ** 2))
  const length = Math.hypot(cos, sin)
  if (!(spread > 0) || !(length > DEGENERATE * spread)) return null
  const turned = ofSimilar({
    scale: scale ?? length / spread,
    turn: Math.atan2(sin, cos),
    mirrored: false,
  })
  // Mirrored first, then turned.
  return mirrored ? { ...turned, a: -turned.a, b: -turned.b } : turned
}

function affinePart(about: readonly Pair[]): Affine | null {
  const xx = sum(about.map(({ from }) => from.x * from.x))
  const xy = sum(about.map(({ from }) => from.x * from.y))
  const yy = sum(about.map(({ from }) => from.y * from.y))
  const by = xx * yy - xy * xy
  if (!(by > DEGENERATE * (xx + yy) ** 2)) return null
  const row = (along: (to: Point) => number): [number, number] => {
    const x = sum(about.map(({ from, to }) => along(to) * from.x))
    const y = sum(about.map(({ from, to }) => along(to) * from.y))
    return [(x * yy - y * xy) / by, (y * xx - x * xy) / by]
  }
  const [a, c] = row((to) => to.x)
  const [b, d] = row((to) => to.y)
  const part = { ...IDENTITY, a, b, c, d }
  return Math.abs(a * d - b * c) > DEGENERATE ? part : null
}

function middle(points: readonly Point[]): Point {
  return {
    x: sum(points.map(({ x }) => x)) / points.length,
    y: sum(points.map(({ y }) => y)) / points.length,
  }
}

function minus(one: Point, other: Point): Point {
  return { x: one.x - other.x, y: one.y - other.y }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
