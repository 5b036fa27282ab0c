// SPDX-License-Identifier: Apache-2.0
/** Measures as they are seen: a dark line in a white casing, which stays apart from any stain. */

import type { FrameState } from 'ol/Map'
import { apply } from 'ol/transform'

import type { Point } from '../dicom/geometry'
import { anchor, LEAST_POINTS, outline, type Kind, type Shape } from './geometry'
import { valueWords } from './words'

export interface Drawn {
  readonly frame: FrameState
  readonly mpp: number | null
  /** Whether the canvas is seen in a mirror: words are then written backwards. */
  readonly mirrored: boolean
  /** How much larger letters and lines are than usual. */
  readonly letters: number
  readonly shapes: readonly Shape[]
  readonly selected: number | null
  readonly draft: readonly Point[]
  readonly kind: Kind | null
  /** Where a key would set a point. */
  readonly aim: Point | undefined
}

type Shown = Pick<Shape, 'kind' | 'points'>

const CASING = 'rgb(255 255 255 / 90%)'
const LINE = '#111318'
const SELECTED = '#0046b8'
const FONT = '600 13px system-ui, sans-serif'

/** Draw all measures into a canvas. */
export function drawMeasures(canvas: HTMLCanvasElement, drawn: Drawn): void {
  const context = canvas.getContext('2d')
  if (!context) return
  const { shapes, selected, draft, kind, aim, frame, letters } = drawn
  context.setTransform(1, 0, 0, 1, 0, 0)
  context.clearRect(0, 0, canvas.width, canvas.height)
  const scale = frame.pixelRatio * letters
  context.scale(scale, scale)
  context.lineJoin = context.lineCap = 'round'
  shapes.forEach((shape, index) => {
    drawShape(context, drawn, shape, shape.id === selected, `${index + 1}`)
  })
  if (kind && draft.length > 0) drawDraft(context, drawn, { kind, points: draft })
  if (aim) cross(context, onScreen(drawn, aim))
}

function drawDraft(context: CanvasRenderingContext2D, drawn: Drawn, shape: Shown): void {
  const isWhole = shape.points.length >= LEAST_POINTS[shape.kind]
  const open = isWhole || shape.kind === 'count' ? shape.kind : 'polyline'
  drawShape(context, drawn, { ...shape, kind: open }, true)
}

function drawShape(
  context: CanvasRenderingContext2D,
  drawn: Drawn,
  shape: Shown,
  isSelected: boolean,
  number?: string,
): void {
  const colour = isSelected ? SELECTED : LINE
  const place = (point: Point): Point => onScreen(drawn, point)
  line(context, outline(shape).map(place), colour)
  const points = shape.points.map(place)
  if (shape.kind === 'count')
    points.forEach((point) => {
      marker(context, point, colour)
    })
  else if (isSelected)
    points.forEach((point) => {
      handle(context, point)
    })
  else
    points.slice(0, 2).forEach((point) => {
      dot(context, point, colour)
    })
  const words = valueWords(shape, drawn.mpp)
  write(context, place(anchor(shape)), number ? `${number}: ${words}` : words, drawn.mirrored)
}

function line(context: CanvasRenderingContext2D, points: readonly Point[], colour: string): void {
  context.beginPath()
  points.forEach(({ x, y }, index) => {
    if (index === 0) context.moveTo(x, y)
    else context.lineTo(x, y)
  })
  stroke(context, colour, 2)
}

function cross(context: CanvasRenderingContext2D, { x, y }: Point): void {
  context.beginPath()
  for (const [dx, dy] of [
    [1, 0],
    [-1, 0],
    [0, 1],
    [0, -1],
  ] as const) {
    context.moveTo(x + 4 * dx, y + 4 * dy)
    context.lineTo(x + 14 * dx, y + 14 * dy)
  }
  stroke(context, SELECTED, 2)
}

function stroke(context: CanvasRenderingContext2D, colour: string, width: number): void {
  context.strokeStyle = CASING
  context.lineWidth = width + 3
  context.stroke()
  context.strokeStyle = colour
  context.lineWidth = width
  context.stroke()
}

function handle(context: CanvasRenderingContext2D, { x, y }: Point): void {
  context.beginPath()
  context.arc(x, y, 5, 0, 2 * Math.PI)
  context.fillStyle = '#fff'
  context.fill()
  context.strokeStyle = SELECTED
  context.lineWidth = 2
  context.stroke()
}

function dot(context: CanvasRenderingContext2D, { x, y }: Point, colour: string): void {
  context.beginPath()
  context.arc(x, y, 3, 0, 2 * Math.PI)
  context.fillStyle = colour
  context.fill()
}

function marker(context: CanvasRenderingContext2D, { x, y }: Point, colour: string): void {
  context.beginPath()
  context.arc(x, y, 6, 0, 2 * Math.PI)
  stroke(context, colour, 2)
}

/** Words beside a place, on a ground of their own. */
function write(
  context: CanvasRenderingContext2D,
  { x, y }: Point,
  words: string,
  mirrored: boolean,
): void {
  context.save()
  context.translate(x, y)
  if (mirrored) context.scale(-1, 1)
  context.font = FONT
  context.textBaseline = 'middle'
  const width = context.measureText(words).width
  context.fillStyle = CASING
  context.beginPath()
  context.roundRect(10, -25, width + 12, 20, 5)
  context.fill()
  context.fillStyle = LINE
  context.fillText(words, 16, -14.5)
  context.restore()
}

/** A place of the slide in CSS pixels of the map. */
function onScreen({ frame, letters }: Drawn, { x, y }: Point): Point {
  const [right = 0, down = 0] = apply(frame.coordinateToPixelTransform, [x, -y])
  return { x: right / letters, y: down / letters }
}
