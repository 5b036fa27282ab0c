// SPDX-License-Identifier: Apache-2.0
/** Union and difference of polygons, by `polygon-clipping` (Martinez–Rueda with exact predicates). */

import polygonClipping, { type MultiPolygon, type Polygon } from 'polygon-clipping'

import { polygonShape, polygonsOf, type Ring, type Shape } from '../vector/shape'

/** What any of the polygons covers. */
export function union(shapes: readonly Shape[]): Shape {
  const [first, ...others] = shapes.map(multiPolygon)
  return shapeOf(first ? polygonClipping.union(first, ...others) : [])
}

/** What the first covers and none of the others. */
export function difference(from: Shape, others: readonly Shape[]): Shape {
  return shapeOf(polygonClipping.difference(multiPolygon(from), ...others.map(multiPolygon)))
}

function multiPolygon(shape: Shape): MultiPolygon {
  return polygonsOf(shape).map((polygon): Polygon => polygon.map(pairs))
}

function pairs(ring: Ring): [number, number][] {
  return Array.from({ length: ring.length / 2 }, (_, index) => [
    ring[2 * index] ?? 0,
    ring[2 * index + 1] ?? 0,
  ])
}

function shapeOf(polygons: MultiPolygon): Shape {
  return polygonShape(polygons.map((polygon) => polygon.map(ringOf)))
}

/** The library repeats the first point at the end. */
function ringOf(points: readonly (readonly [number, number])[]): Ring {
  return Float64Array.from(points.slice(0, -1).flat())
}
