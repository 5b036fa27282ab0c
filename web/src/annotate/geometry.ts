// SPDX-License-Identifier: Apache-2.0
/**
 * Shapes ↔ OpenLayers geometries. The map's y points up and is stretched where pixels are oblong;
 * all of that ends here.
 */

import type { Coordinate } from 'ol/coordinate'
import type Geometry from 'ol/geom/Geometry'
import LineString from 'ol/geom/LineString'
import MultiLineString from 'ol/geom/MultiLineString'
import MultiPoint from 'ol/geom/MultiPoint'
import MultiPolygon from 'ol/geom/MultiPolygon'
import Point from 'ol/geom/Point'
import Polygon from 'ol/geom/Polygon'

import { polygonShape, polygonsOf, type Ring, type Shape } from '../vector/shape'

/** `aspect`: the height of a pixel by its width. */
export function toGeometry(shape: Shape, aspect: number): Geometry {
  const coordinates = (ring: Ring): Coordinate[] => {
    const found: Coordinate[] = []
    for (let at = 0; at < ring.length; at += 2)
      found.push([ring[at] ?? 0, -(ring[at + 1] ?? 0) * aspect])
    return found
  }
  const closed = (ring: Ring): Coordinate[] =>
    coordinates(ring).concat([coordinates(ring)[0] ?? []])
  const [first = new Float64Array()] = shape.rings
  switch (shape.kind) {
    case 'point': {
      const points = coordinates(first)
      return points.length === 1 ? new Point(points[0] ?? []) : new MultiPoint(points)
    }
    case 'line':
      return shape.rings.length === 1
        ? new LineString(coordinates(first))
        : new MultiLineString(shape.rings.map(coordinates))
    case 'polygon': {
      const polygons = polygonsOf(shape).map((polygon) => polygon.map(closed))
      return polygons.length === 1 ? new Polygon(polygons[0] ?? []) : new MultiPolygon(polygons)
    }
  }
}

/** The shape of a geometry that was drawn or changed on the map. */
export function toShape(geometry: Geometry, aspect: number): Shape | null {
  const ring = (coordinates: readonly Coordinate[]): Ring =>
    Float64Array.from(coordinates.flatMap(([x = 0, y = 0]) => [x, -y / aspect]))
  const open = (coordinates: readonly Coordinate[]): Ring => ring(coordinates.slice(0, -1))
  if (geometry instanceof Point)
    return { kind: 'point', rings: [ring([geometry.getCoordinates()])] }
  if (geometry instanceof MultiPoint)
    return { kind: 'point', rings: [ring(geometry.getCoordinates())] }
  if (geometry instanceof LineString)
    return { kind: 'line', rings: [ring(geometry.getCoordinates())] }
  if (geometry instanceof MultiLineString)
    return { kind: 'line', rings: geometry.getCoordinates().map(ring) }
  if (geometry instanceof Polygon) return polygonShape([geometry.getCoordinates().map(open)])
  if (geometry instanceof MultiPolygon)
    return polygonShape(geometry.getCoordinates().map((polygon) => polygon.map(open)))
  return null
}
