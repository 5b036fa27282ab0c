// SPDX-License-Identifier: Apache-2.0
/** Microscopy Bulk Simple Annotations (PS3.3 C.37): groups of shapes with their coordinates. */

import { element, items, number, text, type DataSet, type Element } from '../dicom/json'
import { Packer, type Group, type Packed } from '../vector/packed'
import { ellipseRing, polygonShape, type Shape } from '../vector/shape'
import { placed, type Affine } from './affine'
import { colourOf } from './colours'

export type GraphicType = 'POINT' | 'POLYLINE' | 'POLYGON' | 'RECTANGLE' | 'ELLIPSE'
const TYPES: readonly GraphicType[] = ['POINT', 'POLYLINE', 'POLYGON', 'RECTANGLE', 'ELLIPSE']

export interface AnnotationGroup extends Group {
  readonly type: GraphicType
  readonly count: number
  /** Numbers of a point: two where all lie at one height, else three. */
  readonly dimensions: 2 | 3
  readonly coordinates: Element
  readonly double: boolean
  /** From one (PS3.3 C.37.1.2.1): where each polyline and polygon begins. */
  readonly starts: Element | null
}

/** Whether positions are millimetres on the slide, not pixels. */
export function inMillimetres(dataSet: DataSet): boolean {
  return text(dataSet, 'AnnotationCoordinateType') === '3D'
}

export function groupsOf(dataSet: DataSet): AnnotationGroup[] {
  const flat = !inMillimetres(dataSet)
  return items(dataSet, 'AnnotationGroupSequence').flatMap((group, index) => {
    const type = TYPES.find((each) => each === text(group, 'GraphicType'))
    const single = element(group, 'PointCoordinatesData')
    const coordinates = single ?? element(group, 'DoublePointCoordinatesData')
    if (!type || !coordinates) return []
    return [
      {
        label: text(group, 'AnnotationGroupLabel') ?? '',
        colour: colourOf(group, index),
        type,
        count: number(group, 'NumberOfAnnotations') ?? 0,
        dimensions: flat || number(group, 'CommonZCoordinateValue') !== null ? 2 : 3,
        coordinates,
        double: single === null,
        starts: element(group, 'LongPrimitivePointIndexList'),
      } as const,
    ]
  })
}

/** What is needed to make shapes of a group's numbers. */
export type Layout = Pick<AnnotationGroup, 'type' | 'dimensions' | 'label' | 'colour'>

/** A group's shapes, in pixels of level 0. */
export function packGroup(
  { type, dimensions, label, colour }: Layout,
  values: ArrayLike<number>,
  starts: ArrayLike<number> | null,
  toBase: Affine,
): Packed {
  const packer = new Packer()
  const group = { label, colour }
  for (const [from, to] of ranges(type, dimensions, values.length, starts)) {
    const ring = new Float64Array((2 * (to - from)) / dimensions)
    for (let at = from, place = 0; at < to; at += dimensions) {
      const [x, y] = placed(toBase, values[at] ?? 0, values[at + 1] ?? 0)
      ring[place++] = x
      ring[place++] = y
    }
    packer.add(shapeOf(type, ring), group)
  }
  return packer.finish()
}

/** Where the numbers of each shape begin and end. */
function* ranges(
  type: GraphicType,
  dimensions: number,
  length: number,
  starts: ArrayLike<number> | null,
): Generator<[number, number]> {
  if (starts && (type === 'POLYGON' || type === 'POLYLINE')) {
    for (let index = 0; index < starts.length; index++) {
      const end = index + 1 < starts.length ? (starts[index + 1] ?? 1) - 1 : length
      yield [(starts[index] ?? 1) - 1, end]
    }
    return
  }
  const step = dimensions * (type === 'POINT' ? 1 : 4)
  for (let from = 0; from + step <= length; from += step) yield [from, from + step]
}

function shapeOf(type: GraphicType, ring: Float64Array): Shape {
  if (type === 'POINT') return { kind: 'point', rings: [ring] }
  if (type === 'POLYLINE') return { kind: 'line', rings: [ring] }
  return polygonShape([[type === 'ELLIPSE' ? ellipseOf(ring) : ring]])
}

/** The ends of the major axis, then those of the minor one. */
function ellipseOf(ring: Float64Array): Float64Array {
  const [x0 = 0, y0 = 0, x1 = 0, y1 = 0, x2 = 0, y2 = 0, x3 = 0, y3 = 0] = ring
  return ellipseRing(
    [(x0 + x1) / 2, (y0 + y1) / 2],
    [(x1 - x0) / 2, (y1 - y0) / 2],
    [(x3 - x2) / 2, (y3 - y2) / 2],
    40,
  )
}
