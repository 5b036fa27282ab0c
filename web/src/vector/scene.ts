// SPDX-License-Identifier: Apache-2.0
/** Packed shapes with their index, and which of them lies at a point. */

import { num } from './numbers'

import { boxesOf, type Packed } from './packed'
import { KINDS, type Box, type Point } from './shape'
import { Tree } from './tree'

/** Shapes that are drawn together. */
export interface Batch {
  /** Ids count on from here, where `ids` does not list them. */
  readonly firstId: number
  readonly ids: Uint32Array | null
  readonly packed: Packed
  readonly boxes: Float64Array
  readonly tree: Tree
  /** Mean distance between neighbours, by which points are drawn smaller where they are many. */
  readonly spacing: number
}

/** Whether a shape is not to be drawn or found. */
export type Hidden = (index: number, batch: Batch) => boolean

export function batchOf(packed: Packed, firstId: number, ids: Uint32Array | null = null): Batch {
  const boxes = boxesOf(packed)
  return { firstId, ids, packed, boxes, tree: new Tree(boxes), spacing: spacingOf(boxes) }
}

export function idAt({ firstId, ids }: Batch, index: number): number {
  return ids ? num(ids, index) : firstId + index
}

export interface Hit {
  readonly batch: Batch
  readonly index: number
  readonly id: number
}

/** The smallest shape at a point or within `tolerance` of it. */
export function hitTest(
  batches: readonly Batch[],
  at: Point,
  tolerance: number,
  hidden: Hidden,
): Hit | null {
  let best: { hit: Hit; size: number } | null = null
  const window = around(at, tolerance)
  for (const batch of batches)
    batch.tree.search(window, (index) => {
      if (hidden(index, batch)) return
      const size = sizeOf(batch.boxes, index)
      if (best && size > best.size) return
      if (touches(batch.packed, index, at, tolerance))
        best = { hit: { batch, index, id: idAt(batch, index) }, size }
    })
  return (best as { hit: Hit } | null)?.hit ?? null
}

/** Whether a shape lies at a point or within `tolerance` of it. */
export function touches(packed: Packed, index: number, at: Point, tolerance: number): boolean {
  const kind = KINDS[num(packed.kinds, index)]
  const near = tolerance * tolerance
  let inside = false
  const last = num(packed.ringStart, index + 1)
  for (let ring = num(packed.ringStart, index); ring < last; ring++) {
    const [from, to] = [num(packed.start, ring), num(packed.start, ring + 1)]
    const found = alongRing(packed.coordinates, from, to, at, kind === 'polygon')
    if (
      kind === 'point' ? nearestPoint(packed.coordinates, from, to, at) <= near : found.near <= near
    )
      return true
    if (found.crossings % 2 === 1) inside = !inside
  }
  return kind === 'polygon' && inside
}

function nearestPoint(xy: ArrayLike<number>, from: number, to: number, { x, y }: Point): number {
  let least = Infinity
  for (let at = from; at < to; at += 2)
    least = Math.min(least, (num(xy, at) - x) ** 2 + (num(xy, at + 1) - y) ** 2)
  return least
}

/** Squared distance to a ring or line, and how often a ray to the right crosses it. */
function alongRing(
  xy: ArrayLike<number>,
  from: number,
  to: number,
  { x, y }: Point,
  closed: boolean,
): { near: number; crossings: number } {
  let [near, crossings] = [Infinity, 0]
  const begin = closed ? to - 2 : from
  let [x0, y0] = [num(xy, begin) - x, num(xy, begin + 1) - y]
  for (let at = closed ? from : from + 2; at < to; at += 2) {
    const [x1, y1] = [num(xy, at) - x, num(xy, at + 1) - y]
    near = Math.min(near, toSegment(x0, y0, x1, y1))
    if (y0 > 0 !== y1 > 0 && x0 + ((x1 - x0) * y0) / (y0 - y1) > 0) crossings++
    x0 = x1
    y0 = y1
  }
  return { near, crossings }
}

/** Squared distance from the origin to a segment. */
function toSegment(x0: number, y0: number, x1: number, y1: number): number {
  const [dx, dy] = [x1 - x0, y1 - y0]
  const length = dx * dx + dy * dy
  const along = length > 0 ? Math.min(1, Math.max(0, -(x0 * dx + y0 * dy) / length)) : 0
  return (x0 + along * dx) ** 2 + (y0 + along * dy) ** 2
}

function around({ x, y }: Point, by: number): Box {
  return { left: x - by, top: y - by, right: x + by, bottom: y + by }
}

function sizeOf(boxes: Float64Array, index: number): number {
  const at = 4 * index
  const [left = 0, top = 0, right = 0, bottom = 0] = boxes.subarray(at, at + 4)
  return (right - left) * (bottom - top)
}

function spacingOf(boxes: Float64Array): number {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
  for (let at = 0; at < boxes.length; at += 4) {
    left = Math.min(left, num(boxes, at))
    top = Math.min(top, num(boxes, at + 1))
    right = Math.max(right, num(boxes, at + 2))
    bottom = Math.max(bottom, num(boxes, at + 3))
  }
  return Math.sqrt(((right - left) * (bottom - top)) / (boxes.length / 4)) || Infinity
}
