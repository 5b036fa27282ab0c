// SPDX-License-Identifier: Apache-2.0
/**
 * GeoJSON (RFC 7946, with pixels for degrees) ↔ annotations. QuPath's properties are understood and
 * written: the classification's name and colour, the object's name and own colour. What cannot be
 * read is left out and counted by the caller.
 */

import { PALETTE } from '../vector/palette'
import { polygonShape, polygonsOf, type Ring, type Shape } from '../vector/shape'
import { FORMS, type Drawn, type Words } from './model'

type Json = Readonly<Record<string, unknown>>

const DEFAULT_COLOUR: string = PALETTE[0].colour

/** The annotations of a feature, or of a bare geometry; none where it cannot be understood. */
export function readFeature(feature: unknown): Drawn[] {
  if (!isObject(feature)) return []
  const geometry = feature.type === 'Feature' ? feature.geometry : feature
  const properties = isObject(feature.properties) ? feature.properties : {}
  const words = wordsOf(properties)
  return shapesOf(geometry).map((shape) => ({
    ...words,
    shape,
    form: FORMS.find((form) => form === properties.form && shape.rings.length === 1) ?? null,
  }))
}

/** An annotation as a feature, in one line of JSON. */
export function writeFeature({ shape, form, label, colour, note }: Drawn): string {
  const properties = {
    objectType: 'annotation',
    label,
    colour,
    note,
    ...(form && { form }),
    ...(note && { name: note }),
    ...(label ? { classification: { name: label, color: rgb(colour) } } : { color: rgb(colour) }),
  }
  return JSON.stringify({ type: 'Feature', geometry: geometryOf(shape), properties })
}

function wordsOf(properties: Json): Words {
  const classification = isObject(properties.classification) ? properties.classification : {}
  return {
    label: firstText(properties.label, classification.name),
    note: firstText(properties.note, properties.name, properties.description),
    colour:
      hexOf(properties.colour) ??
      hexOf(properties.color) ??
      hexOf(classification.color) ??
      signedColour(properties.colorRGB ?? classification.colorRGB) ??
      DEFAULT_COLOUR,
  }
}

function firstText(...values: readonly unknown[]): string {
  return values.find((value): value is string => typeof value === 'string' && value !== '') ?? ''
}

/** `[r, g, b]`, `#rrggbb` or `#rgb`. */
function hexOf(value: unknown): string | null {
  if (Array.isArray(value) && value.length >= 3) return hex(value.slice(0, 3).map(Number))
  if (typeof value !== 'string') return null
  const [, short] = /^#([\da-f]{3})$/i.exec(value) ?? []
  if (short) return `#${short.replace(/./g, '$&$&')}`.toLowerCase()
  return /^#[\da-f]{6}$/i.test(value) ? value.toLowerCase() : null
}

/** QuPath up to 0.3 wrote a Java integer: alpha, red, green, blue. */
function signedColour(value: unknown): string | null {
  if (typeof value !== 'number') return null
  return hex([(value >> 16) & 255, (value >> 8) & 255, value & 255])
}

function hex(parts: readonly number[]): string | null {
  if (!parts.every((part) => part >= 0 && part <= 255)) return null
  return `#${parts.map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')}`
}

function rgb(colour: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16))
}

function shapesOf(geometry: unknown): Shape[] {
  if (!isObject(geometry)) return []
  if (geometry.type === 'GeometryCollection')
    return Array.isArray(geometry.geometries) ? geometry.geometries.flatMap(shapesOf) : []
  try {
    const shape = shapeOf(String(geometry.type), geometry.coordinates)
    return shape && shape.rings.length > 0 ? [shape] : []
  } catch (error) {
    if (error instanceof TypeError) return []
    throw error
  }
}

function shapeOf(type: string, coordinates: unknown): Shape | null {
  switch (type) {
    case 'Point':
      return { kind: 'point', rings: [flat([coordinates], 1)] }
    case 'MultiPoint':
      return { kind: 'point', rings: [flat(coordinates, 1)] }
    case 'LineString':
      return { kind: 'line', rings: [flat(coordinates, 2)] }
    case 'MultiLineString':
      return { kind: 'line', rings: list(coordinates).map((line) => flat(line, 2)) }
    case 'Polygon':
      return polygonShape([list(coordinates).map(ringOf)])
    case 'MultiPolygon':
      return polygonShape(list(coordinates).map((polygon) => list(polygon).map(ringOf)))
    default:
      return null
  }
}

/** A ring without the repetition of its first point. */
function ringOf(positions: unknown): Ring {
  const ring = flat(positions, 3)
  const end = ring.length - 2
  const closed = end >= 6 && ring[0] === ring[end] && ring[1] === ring[end + 1]
  return closed ? ring.slice(0, end) : ring
}

function flat(positions: unknown, least: number): Ring {
  const given = list(positions)
  if (given.length < least) throw new TypeError(`fewer than ${least} points`)
  const ring = new Float64Array(2 * given.length)
  given.forEach((position, index) => {
    const [x, y] = list(position)
    if (typeof x !== 'number' || typeof y !== 'number')
      throw new TypeError('a position is no number')
    ring[2 * index] = x
    ring[2 * index + 1] = y
  })
  return ring
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError('no list')
  return value as readonly unknown[]
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function geometryOf(shape: Shape): object {
  const [first = new Float64Array()] = shape.rings
  switch (shape.kind) {
    case 'point': {
      const points = positions(first)
      return points.length === 1
        ? { type: 'Point', coordinates: points[0] }
        : { type: 'MultiPoint', coordinates: points }
    }
    case 'line':
      return shape.rings.length === 1
        ? { type: 'LineString', coordinates: positions(first) }
        : { type: 'MultiLineString', coordinates: shape.rings.map(positions) }
    case 'polygon': {
      const polygons = polygonsOf(shape).map((polygon) => polygon.map(closed))
      return polygons.length === 1
        ? { type: 'Polygon', coordinates: polygons[0] }
        : { type: 'MultiPolygon', coordinates: polygons }
    }
  }
}

function positions(ring: Ring): number[][] {
  return Array.from({ length: ring.length / 2 }, (_, index) => [
    rounded(ring[2 * index]),
    rounded(ring[2 * index + 1]),
  ])
}

function closed(ring: Ring): number[][] {
  const points = positions(ring)
  return [...points, points[0] ?? []]
}

/** A thousandth of a pixel says enough. */
function rounded(value = 0): number {
  return Math.round(value * 1000) / 1000
}
