// SPDX-License-Identifier: Apache-2.0
/** Affine maps of the plane, and the similarity that comes nearest to one. Turns are clockwise, y down. */

import type { Point } from '../dicom/geometry'

/** x' = a x + c y + e and y' = b x + d y + f, as canvases and style sheets write it. */
export interface Affine {
  readonly a: number
  readonly b: number
  readonly c: number
  readonly d: number
  readonly e: number
  readonly f: number
}

/** A turn and a change of size; seen in a mirror (left to right) after the turn, if mirrored. */
export interface Similar {
  readonly scale: number
  /** Radians, clockwise. */
  readonly turn: number
  readonly mirrored: boolean
}

export const IDENTITY: Affine = { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 }

export function applied({ a, b, c, d, e, f }: Affine, { x, y }: Point): Point {
  return { x: a * x + c * y + e, y: b * x + d * y + f }
}

/** First `inner`, then `outer`. */
export function composed(outer: Affine, inner: Affine): Affine {
  const { x: e, y: f } = applied(outer, { x: inner.e, y: inner.f })
  return {
    a: outer.a * inner.a + outer.c * inner.b,
    b: outer.b * inner.a + outer.d * inner.b,
    c: outer.a * inner.c + outer.c * inner.d,
    d: outer.b * inner.c + outer.d * inner.d,
    e,
    f,
  }
}

export function determinant({ a, b, c, d }: Affine): number {
  return a * d - b * c
}

export function inverted(map: Affine): Affine {
  const { a, b, c, d, e, f } = map
  const by = determinant(map)
  return {
    ...{ a: d / by, b: -b / by, c: -c / by, d: a / by },
    ...{ e: (c * f - d * e) / by, f: (b * e - a * f) / by },
  }
}

/** The same without its shift. */
export function linear(map: Affine): Affine {
  return { ...map, e: 0, f: 0 }
}

/** The map whose linear part is given and that takes one point to another. */
export function taking(part: Affine, from: Point, to: Point): Affine {
  const { x, y } = applied(linear(part), from)
  return { ...part, e: to.x - x, f: to.y - y }
}

export function ofSimilar({ scale, turn, mirrored }: Similar): Affine {
  const [cos, sin] = [scale * Math.cos(turn), scale * Math.sin(turn)]
  const side = mirrored ? -1 : 1
  return { a: side * cos, b: sin, c: -side * sin, d: cos, e: 0, f: 0 }
}

/** The similarity nearest to the linear part of a map. */
export function nearest(map: Affine): Similar {
  const mirrored = determinant(map) < 0
  const side = mirrored ? -1 : 1
  const [cos, sin] = [(side * map.a + map.d) / 2, (map.b - side * map.c) / 2]
  return { scale: Math.hypot(cos, sin), turn: Math.atan2(sin, cos), mirrored }
}

/** How much more a map stretches along one direction than across it; 0 for similarities. */
export function stretch({ a, b, c, d }: Affine): number {
  const plain = Math.hypot(a + d, b - c)
  const mirrored = Math.hypot(a - d, b + c)
  return (plain + mirrored) / Math.abs(plain - mirrored) - 1
}
