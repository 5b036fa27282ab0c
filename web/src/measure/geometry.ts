// SPDX-License-Identifier: Apache-2.0
/**
 * What is measured. Points are in columns of level 0, to the right and down; since a column is as
 * long in both directions (rows of oblong pixels are scaled), lengths are exact at any turn and in
 * a mirror, which only the screen knows of.
 */

import type { Point } from '../dicom/geometry'

export const KINDS = ['length', 'polyline', 'angle', 'area', 'ellipse', 'circle', 'count'] as const
export type Kind = (typeof KINDS)[number]

/** A measure. An ellipse has the ends of one axis and a place that the other reaches as far as. */
export interface Shape {
  readonly id: number
  readonly kind: Kind
  readonly points: readonly Point[]
}

/** What a shape measures: lengths in columns, areas in their squares, angles in degrees. */
export interface Quantities {
  readonly length?: number
  readonly perimeter?: number
  readonly area?: number
  readonly diameters?: readonly number[]
  readonly angle?: number
  readonly count?: number
}

/** So many points make the shape whole; `null` where the reader says when it is. */
export const POINTS: Readonly<Record<Kind, number | null>> = {
  ...{ length: 2, polyline: null, angle: 3, area: null, ellipse: 3, circle: 2, count: null },
}

/** So many points a shape has at least. */
export const LEAST_POINTS: Readonly<Record<Kind, number>> = {
  ...{ length: 2, polyline: 2, angle: 3, area: 3, ellipse: 3, circle: 2, count: 1 },
}

const MEASURED: Readonly<Record<Kind, (points: readonly Point[]) => Quantities>> = {
  length: (points) => ({ length: path(points) }),
  polyline: (points) => ({ length: path(points) }),
  angle: (points) => ({ angle: angleOf(points) }),
  area: (points) => ({ area: areaOf(points), perimeter: path(closed(points)) }),
  ellipse: (points) => ofEllipse(ellipseOf(points)),
  circle: (points) => ofEllipse(circleOf(points)),
  count: (points) => ({ count: points.length }),
}

/** Measure a shape. */
export function measured({ kind, points }: Pick<Shape, 'kind' | 'points'>): Quantities {
  return MEASURED[kind](points)
}

export interface Ellipse {
  readonly centre: Point
  /** Half axes, the first along `angle`. */
  readonly radii: readonly [number, number]
  /** Clockwise from the right, in radians. */
  readonly angle: number
}

/** The ellipse of a shape that is one; `null` of others. */
export function ellipse({ kind, points }: Pick<Shape, 'kind' | 'points'>): Ellipse | null {
  if (kind === 'ellipse') return ellipseOf(points)
  return kind === 'circle' ? circleOf(points) : null
}

/** The line that a shape is drawn with; a closed one ends where it begins. */
export function outline(shape: Pick<Shape, 'kind' | 'points'>): readonly Point[] {
  const round = ellipse(shape)
  if (round) return around(round)
  if (shape.kind === 'count') return []
  return shape.kind === 'area' ? closed(shape.points) : shape.points
}

/** The distance of a point from a stretch of line. */
export function distanceTo(point: Point, from: Point, to: Point): number {
  const [dx, dy] = [to.x - from.x, to.y - from.y]
  const along = dx * dx + dy * dy
  const part = along === 0 ? 0 : ((point.x - from.x) * dx + (point.y - from.y) * dy) / along
  const held = Math.min(1, Math.max(0, part))
  return distance(point, { x: from.x + held * dx, y: from.y + held * dy })
}

export function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y)
}

/** Where a shape's words stand: in the middle of what is closed, else in that of its line. */
export function anchor({ kind, points }: Pick<Shape, 'kind' | 'points'>): Point {
  const [first = { x: 0, y: 0 }, second = first] = points
  if (kind === 'circle') return first
  if (kind === 'angle') return second
  if (kind === 'polyline' || kind === 'count') return points.at(-1) ?? first
  const counted = kind === 'area' ? points : [first, second]
  const sum = counted.reduce((so, { x, y }) => ({ x: so.x + x, y: so.y + y }), { x: 0, y: 0 })
  return { x: sum.x / counted.length, y: sum.y / counted.length }
}

function path(points: readonly Point[]): number {
  return points.reduce((sum, point, index) => {
    const before = points[index - 1]
    return before ? sum + distance(before, point) : sum
  }, 0)
}

function closed(points: readonly Point[]): readonly Point[] {
  const [first] = points
  return first ? [...points, first] : points
}

/** The shoelace formula. */
function areaOf(points: readonly Point[]): number {
  const doubled = closed(points).reduce((sum, point, index, all) => {
    const before = all[index - 1]
    return before ? sum + before.x * point.y - point.x * before.y : sum
  }, 0)
  return Math.abs(doubled) / 2
}

/** The angle at the second point, up to 180 degrees. */
function angleOf([from, at, to]: readonly Point[]): number {
  if (!from || !at || !to) return 0
  const turn = Math.atan2(to.y - at.y, to.x - at.x) - Math.atan2(from.y - at.y, from.x - at.x)
  const degrees = Math.abs((turn * 180) / Math.PI)
  return degrees > 180 ? 360 - degrees : degrees
}

function ellipseOf([a, b, c]: readonly Point[]): Ellipse {
  const from = a ?? { x: 0, y: 0 }
  const to = b ?? from
  const length = distance(from, to)
  const across = c
    ? Math.abs((to.x - from.x) * (c.y - from.y) - (to.y - from.y) * (c.x - from.x))
    : 0
  return {
    centre: { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 },
    radii: [length / 2, length > 0 ? across / length : 0],
    angle: Math.atan2(to.y - from.y, to.x - from.x),
  }
}

function circleOf([centre = { x: 0, y: 0 }, rim = centre]: readonly Point[]): Ellipse {
  const radius = distance(centre, rim)
  return { centre, radii: [radius, radius], angle: Math.atan2(rim.y - centre.y, rim.x - centre.x) }
}

function ofEllipse({ radii: [a, b] }: Ellipse): Quantities {
  const diameters = a === b ? [2 * a] : [2 * Math.max(a, b), 2 * Math.min(a, b)]
  return { area: Math.PI * a * b, perimeter: around2(a, b), diameters }
}

/** Ramanujan's second approximation: within 0.04 % of the circumference of any ellipse. */
function around2(a: number, b: number): number {
  if (a + b === 0) return 0
  const h = ((a - b) / (a + b)) ** 2
  return Math.PI * (a + b) * (1 + (3 * h) / (10 + Math.sqrt(4 - 3 * h)))
}

function around({ centre, radii: [a, b], angle }: Ellipse): Point[] {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  return Array.from({ length: 73 }, (_, step) => {
    const [u, v] = [a * Math.cos((step * Math.PI) / 36), b * Math.sin((step * Math.PI) / 36)]
    return { x: centre.x + u * cos - v * sin, y: centre.y + u * sin + v * cos }
  })
}
