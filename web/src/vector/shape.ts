// SPDX-License-Identifier: Apache-2.0
/**
 * Shapes on a slide: points, lines and polygons in level-0 pixels, x to the right and y down, from
 * the top left corner of the top left pixel (the convention of QuPath and of DICOM's 2D bulk
 * annotations, PS3.3 C.37.1.2).
 */

import { num } from './numbers'

export const KINDS = ['point', 'line', 'polygon'] as const
export type Kind = (typeof KINDS)[number]

/** x, y, x, y, …; a polygon's ring does not repeat its first point. */
export type Ring = Float64Array

/**
 * `point`: one ring, all of whose points are marked. `line`: a line for each ring. `polygon`:
 * each outer ring is followed by its holes; outer rings have a positive `signedArea`, holes a
 * negative one, so that no more needs to be kept than the rings.
 */
export interface Shape {
  readonly kind: Kind
  readonly rings: readonly Ring[]
}

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Box {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/** Twice the area of a ring's triangles is summed up: positive when clockwise on the screen. */
export function signedArea(ring: ArrayLike<number>, from = 0, to = ring.length): number {
  let sum = 0
  let [x0, y0] = [num(ring, to - 2), num(ring, to - 1)]
  for (let at = from; at < to; at += 2) {
    const [x, y] = [num(ring, at), num(ring, at + 1)]
    sum += x0 * y - x * y0
    x0 = x
    y0 = y
  }
  return sum / 2
}

/** The ring, turned round where its sense is not the one wanted. */
export function oriented(ring: Ring, outer: boolean): Ring {
  if (signedArea(ring) > 0 === outer) return ring
  const turned = new Float64Array(ring.length)
  for (let at = 0; at < ring.length; at += 2) {
    turned[at] = num(ring, ring.length - 2 - at)
    turned[at + 1] = num(ring, ring.length - 1 - at)
  }
  return turned
}

/** A polygon's rings as polygons: each outer ring with its holes. */
export function polygonsOf(shape: Shape): Ring[][] {
  const polygons: Ring[][] = []
  for (const ring of shape.rings) {
    const last = polygons.at(-1)
    if (last && signedArea(ring) <= 0) last.push(ring)
    else polygons.push([ring])
  }
  return polygons
}

/** A shape made of polygons, whatever the sense of their rings. */
export function polygonShape(polygons: readonly (readonly Ring[])[]): Shape {
  const rings = polygons.flatMap((polygon) =>
    polygon.map((ring, index) => oriented(ring, index === 0)),
  )
  return { kind: 'polygon', rings }
}

/** The smallest box around shapes; `null` around nothing. */
export function boxOf(shapes: readonly Shape[]): Box | null {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const { rings } of shapes)
    for (const ring of rings)
      for (let at = 0; at < ring.length; at += 2) {
        const [x, y] = [num(ring, at), num(ring, at + 1)]
        left = Math.min(left, x)
        right = Math.max(right, x)
        top = Math.min(top, y)
        bottom = Math.max(bottom, y)
      }
  return left <= right ? { left, top, right, bottom } : null
}

/** A shape elsewhere. */
export function moved({ kind, rings }: Shape, dx: number, dy: number): Shape {
  return { kind, rings: rings.map((ring) => ring.map((v, at) => v + (at % 2 ? dy : dx))) }
}

/** A new ring with `corners` of an ellipse, beginning at the end of its first axis. */
export function ellipseRing(
  centre: readonly [number, number],
  first: readonly [number, number],
  second: readonly [number, number],
  corners = 64,
): Float64Array {
  const ring = new Float64Array(2 * corners)
  for (let corner = 0; corner < corners; corner++) {
    const angle = (2 * Math.PI * corner) / corners
    const [along, across] = [Math.cos(angle), Math.sin(angle)]
    ring[2 * corner] = centre[0] + along * first[0] + across * second[0]
    ring[2 * corner + 1] = centre[1] + along * first[1] + across * second[1]
  }
  return ring
}
