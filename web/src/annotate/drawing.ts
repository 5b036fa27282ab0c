// SPDX-License-Identifier: Apache-2.0
/** The drawing tools: one interaction each. Rectangles and ellipses lie straight on the screen. */

import type { Coordinate } from 'ol/coordinate'
import { never, noModifierKeys, primaryAction } from 'ol/events/condition'
import Polygon from 'ol/geom/Polygon'
import Draw, { type GeometryFunction } from 'ol/interaction/Draw'
import type MapBrowserEvent from 'ol/MapBrowserEvent'
import CircleStyle from 'ol/style/Circle'
import Fill from 'ol/style/Fill'
import Stroke from 'ol/style/Stroke'
import Style from 'ol/style/Style'

import { ellipseRing } from '../vector/shape'
import type { Form } from './model'

export const DRAWING_TOOLS = [
  'point',
  'line',
  'polygon',
  'freehand',
  'rectangle',
  'ellipse',
  'cut',
] as const
export type DrawingTool = (typeof DRAWING_TOOLS)[number]

const TYPES = {
  point: 'Point',
  line: 'LineString',
  polygon: 'Polygon',
  freehand: 'Polygon',
  rectangle: 'Circle',
  ellipse: 'Circle',
  cut: 'Polygon',
} as const

/** What is drawn with a tool is, for the time being, also this. */
export function formOf(tool: DrawingTool): Form | null {
  return tool === 'rectangle' || tool === 'ellipse' ? tool : null
}

/** The interaction of a tool; `rotation` is the view's. */
export function drawing(tool: DrawingTool, colour: string, rotation: () => number): Draw {
  const dragged = tool === 'freehand' || tool === 'rectangle' || tool === 'ellipse'
  const form = formOf(tool)
  return new Draw({
    type: TYPES[tool],
    freehand: dragged,
    ...(!dragged && { freehandCondition: never }),
    condition: (event: MapBrowserEvent) => primaryAction(event) && noModifierKeys(event),
    stopClick: true,
    style: sketchStyle(colour),
    ...(form && { geometryFunction: spanned(form, rotation) }),
  })
}

function spanned(form: Form, rotation: () => number): GeometryFunction {
  return (coordinates, known) => {
    const [from, to] = coordinates as Coordinate[]
    const ring = spannedRing(form, from ?? [0, 0], to ?? [0, 0], rotation())
    const closed = [...ring, ring[0] ?? []]
    if (!(known instanceof Polygon)) return new Polygon([closed])
    known.setCoordinates([closed])
    return known
  }
}

/** The ring between two corners, straight on a screen that is turned by `rotation`. */
export function spannedRing(
  form: Form,
  [x0 = 0, y0 = 0]: Coordinate,
  [x1 = 0, y1 = 0]: Coordinate,
  rotation: number,
): Coordinate[] {
  const [cos, sin] = [Math.cos(rotation), Math.sin(rotation)]
  // Screen axes on the map: right is (cos, sin), up is (-sin, cos), for a view turned clockwise.
  const right = (x1 - x0) * cos + (y1 - y0) * sin
  const up = -(x1 - x0) * sin + (y1 - y0) * cos
  const [across, along] = [
    [right * cos, right * sin],
    [-up * sin, up * cos],
  ] as const
  if (form === 'rectangle')
    return [
      [x0, y0],
      [x0 + across[0], y0 + across[1]],
      [x1, y1],
      [x0 + along[0], y0 + along[1]],
    ]
  const half = ([x, y]: readonly [number, number]): [number, number] => [x / 2, y / 2]
  const ring = ellipseRing([(x0 + x1) / 2, (y0 + y1) / 2], half(across), half(along))
  return Array.from({ length: ring.length / 2 }, (_, at) => [
    ring[2 * at] ?? 0,
    ring[2 * at + 1] ?? 0,
  ])
}

/** Lines in their colour on a white seam, so that they are seen on any tissue. */
export function sketchStyle(colour: string): Style[] {
  const fill = new Fill({ color: `${colour}22` })
  const stroke = new Stroke({ color: colour, width: 2 })
  const seam = new Stroke({ color: '#ffffffcc', width: 5 })
  return [
    new Style({
      stroke: seam,
      image: new CircleStyle({ radius: 7, fill: new Fill({ color: '#fff' }) }),
    }),
    new Style({
      stroke,
      fill,
      image: new CircleStyle({ radius: 5, fill: new Fill({ color: colour }) }),
    }),
  ]
}
