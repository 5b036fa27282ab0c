// SPDX-License-Identifier: Apache-2.0
/**
 * Shapes → the picture of one tile, in a worker. What is smaller than a pixel and a half is
 * counted instead of drawn, so that a tile with a million shapes costs little more than one with a
 * thousand; the rest are outlines with a light fill, without points that fall on one pixel.
 */

import { num } from './numbers'

import type { Packed } from './packed'
import type { Batch, Hidden } from './scene'
import { KINDS, type Box } from './shape'

/** A part of the slide and how large it is drawn. */
export interface TileRect {
  /** Top left corner in level-0 pixels. */
  readonly left: number
  readonly top: number
  /** Tile pixels per level-0 column and row. */
  readonly scaleX: number
  readonly scaleY: number
  readonly size: number
}

export interface Style {
  /** Tile pixels. */
  readonly line: number
  readonly point: number
  /** Opacity of the fill, 0 to 1. */
  readonly fill: number
}

type Context = OffscreenCanvasRenderingContext2D

const SMALL_PX = 1.5
/** Points are drawn as discs down to this radius, and counted below. */
const LEAST_RADIUS = 1.2
/** More discs than this in one tile are counted too. */
const MOST_DISCS = 30_000
/** Polygons of one path: few enough for the rasterizer, many enough to save calls. */
const PER_PATH = 128

/** Draw batches; `false` where nothing lies on the tile. */
export function paintTile(
  context: Context,
  batches: readonly Batch[],
  rect: TileRect,
  style: Style,
  hidden: Hidden,
): boolean {
  let drawn = false
  for (const batch of batches) {
    const radius = radiusAt(batch, rect, style)
    const found = sortOut(batch, rect, hidden, Math.max(radius, style.line) + 1, radius)
    const groups = batch.packed.groups
    drawn ||= found.small.length > 0 || found.shapes.size > 0
    if (found.small.length > 0) paintCounts(context, batch, found.small, rect)
    // Always in the order of groups, so that tiles meet.
    for (const [group, shapes] of [...found.shapes].sort(([a], [b]) => a - b))
      paintShapes(context, batch.packed, shapes, rect, {
        ...style,
        point: radius,
        line: Math.min(style.line, Math.max(0.6, 0.2 * batch.spacing * rect.scaleX)),
        colour: groups[group]?.colour ?? '#000000',
      })
  }
  return drawn
}

interface Sorted {
  readonly small: number[]
  readonly shapes: Map<number, number[]>
}

function radiusAt({ spacing }: Batch, { scaleX }: TileRect, { point }: Style): number {
  return Math.max(0.5, Math.min(point, 0.4 * spacing * scaleX))
}

/** Which shapes are on the tile: those to be counted, and by group those to be drawn. */
function sortOut(
  batch: Batch,
  rect: TileRect,
  hidden: Hidden,
  margin: number,
  radius: number,
): Sorted {
  const { packed, boxes, tree } = batch
  const sorted: Sorted = { small: [], shapes: new Map() }
  let discs = 0
  tree.search(windowOf(rect, margin), (index) => {
    if (hidden(index, batch)) return
    const group = num(packed.group, index)
    const at = 4 * index
    const width = (num(boxes, at + 2) - num(boxes, at)) * rect.scaleX
    const height = (num(boxes, at + 3) - num(boxes, at + 1)) * rect.scaleY
    const disc = packed.kinds[index] === 0
    if (disc ? radius < LEAST_RADIUS || ++discs > MOST_DISCS : Math.max(width, height) < SMALL_PX)
      sorted.small.push(index)
    else {
      const known = sorted.shapes.get(group)
      if (known) known.push(index)
      else sorted.shapes.set(group, [index])
    }
  })
  return sorted
}

function windowOf({ left, top, scaleX, scaleY, size }: TileRect, margin: number): Box {
  const [across, down] = [margin / scaleX, margin / scaleY]
  return {
    left: left - across,
    top: top - down,
    right: left + size / scaleX + across,
    bottom: top + size / scaleY + down,
  }
}

/** A pixel for each shape, more opaque the more there are. */
function paintCounts(
  context: Context,
  batch: Batch,
  small: readonly number[],
  rect: TileRect,
): void {
  const { size, left, top, scaleX, scaleY } = rect
  const picture = new ImageData(size, size)
  const colours = batch.packed.groups.map(({ colour }) => rgbOf(colour))
  const pixels = picture.data
  for (const index of small) {
    const at = 4 * index
    const middleX = (num(batch.boxes, at) + num(batch.boxes, at + 2)) / 2
    const middleY = (num(batch.boxes, at + 1) + num(batch.boxes, at + 3)) / 2
    const x = Math.floor((middleX - left) * scaleX)
    const y = Math.floor((middleY - top) * scaleY)
    if (x < 0 || y < 0 || x >= size || y >= size) continue
    const pixel = 4 * (y * size + x)
    const [red, green, blue] = colours[num(batch.packed.group, index)] ?? [0, 0, 0]
    pixels[pixel] = red
    pixels[pixel + 1] = green
    pixels[pixel + 2] = blue
    pixels[pixel + 3] = 255 - ((255 - num(pixels, pixel + 3)) >> 1)
  }
  const canvas = new OffscreenCanvas(size, size)
  canvas.getContext('2d')?.putImageData(picture, 0, 0)
  context.drawImage(canvas, 0, 0)
}

interface GroupStyle extends Style {
  readonly colour: string
}

function paintShapes(
  context: Context,
  packed: Packed,
  shapes: readonly number[],
  rect: TileRect,
  style: GroupStyle,
): void {
  for (let first = 0; first < shapes.length; first += PER_PATH) {
    const [areas, lines, discs] = [new Path2D(), new Path2D(), new Path2D()]
    const paths = { polygon: areas, line: lines, point: discs }
    for (const index of shapes.slice(first, first + PER_PATH)) {
      const kind = KINDS[num(packed.kinds, index)] ?? 'point'
      trace(paths[kind], packed, index, rect, kind === 'point' ? style.point : 0)
    }
    strokeAndFill(context, areas, lines, discs, style)
  }
}

function strokeAndFill(
  context: Context,
  areas: Path2D,
  lines: Path2D,
  discs: Path2D,
  { colour, line, fill }: GroupStyle,
): void {
  context.fillStyle = context.strokeStyle = colour
  context.lineWidth = line
  context.lineJoin = 'round'
  if (fill > 0) {
    context.globalAlpha = fill
    context.fill(areas, 'nonzero')
  }
  context.globalAlpha = 1
  context.stroke(areas)
  context.stroke(lines)
  context.fill(discs)
}

/** Add a shape to a path; points get a disc of `radius`. */
function trace(path: Path2D, packed: Packed, index: number, rect: TileRect, radius: number): void {
  const polygon = KINDS[num(packed.kinds, index)] === 'polygon'
  const last = num(packed.ringStart, index + 1)
  for (let ring = num(packed.ringStart, index); ring < last; ring++) {
    const [from, to] = [num(packed.start, ring), num(packed.start, ring + 1)]
    if (radius > 0) traceDiscs(path, packed.coordinates, from, to, rect, radius)
    else {
      traceLine(path, packed.coordinates, from, to, rect)
      if (polygon) path.closePath()
    }
  }
}

function traceDiscs(
  path: Path2D,
  xy: ArrayLike<number>,
  from: number,
  to: number,
  { left, top, scaleX, scaleY }: TileRect,
  radius: number,
): void {
  for (let at = from; at < to; at += 2) {
    const x = (num(xy, at) - left) * scaleX
    const y = (num(xy, at + 1) - top) * scaleY
    path.moveTo(x + radius, y)
    path.arc(x, y, radius, 0, 2 * Math.PI)
  }
}

function traceLine(
  path: Path2D,
  xy: ArrayLike<number>,
  from: number,
  to: number,
  { left, top, scaleX, scaleY }: TileRect,
): void {
  let [lastX, lastY] = [Infinity, Infinity]
  for (let at = from; at < to; at += 2) {
    const x = (num(xy, at) - left) * scaleX
    const y = (num(xy, at + 1) - top) * scaleY
    if (at === from) path.moveTo(x, y)
    else if (at < to - 2 && Math.abs(x - lastX) < 0.7 && Math.abs(y - lastY) < 0.7) continue
    else path.lineTo(x, y)
    lastX = x
    lastY = y
  }
}

/** `#rrggbb` → three numbers. */
export function rgbOf(colour: string): [number, number, number] {
  const value = Number.parseInt(colour.slice(1), 16) || 0
  return [value >> 16, (value >> 8) & 255, value & 255]
}
