// SPDX-License-Identifier: Apache-2.0
/**
 * Which boxes a window touches: a static R-tree packed along a Hilbert curve (Kamel and Faloutsos
 * 1993), in two arrays. A million boxes are sorted in about a second, once, in a worker.
 */

import { num } from './numbers'
import { said } from '../words/said'

import type { Box } from './shape'

const FAN = 16
const SIDE = 32767
/** A key holds 30 bits of the curve and, below them, 23 bits of the index. */
const MOST = 2 ** 23

export class Tree {
  /** Order of the leaves; above them, for each node the first of its children. */
  private readonly order: Uint32Array
  /** Boxes of all nodes, leaves first, four numbers each. */
  private readonly boxes: Float64Array
  private readonly levelEnds: number[] = []

  constructor(leaves: Float64Array) {
    const count = leaves.length / 4
    if (count > MOST) throw new RangeError(said('more than {most} shapes', { most: MOST }))
    let nodes = count
    for (let width = count; ; width = Math.ceil(width / FAN)) {
      this.levelEnds.push(nodes)
      if (width <= 1) break
      nodes += Math.ceil(width / FAN)
    }
    this.order = new Uint32Array(nodes)
    this.boxes = new Float64Array(4 * nodes)
    sortedByCurve(leaves).forEach((index, place) => {
      this.order[place] = index
      this.boxes.set(leaves.subarray(4 * index, 4 * index + 4), 4 * place)
    })
    this.buildLevels(count)
  }

  /** Call `visit` with the index of each box that touches the window. */
  search(window: Box, visit: (index: number) => void): void {
    const leaves = num(this.levelEnds, 0)
    const stack = leaves > 0 ? [this.order.length - 1] : []
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      if (!this.touches(node, window)) continue
      if (node < leaves) {
        visit(num(this.order, node))
        continue
      }
      const first = num(this.order, node)
      const end = Math.min(first + FAN, this.levelEnd(first))
      for (let child = first; child < end; child++) stack.push(child)
    }
  }

  private touches(node: number, { left, top, right, bottom }: Box): boolean {
    const at = 4 * node
    return (
      num(this.boxes, at) <= right &&
      num(this.boxes, at + 1) <= bottom &&
      num(this.boxes, at + 2) >= left &&
      num(this.boxes, at + 3) >= top
    )
  }

  private levelEnd(node: number): number {
    return this.levelEnds.find((end) => node < end) ?? 0
  }

  private buildLevels(count: number): void {
    let [first, end] = [0, count]
    let node = count
    while (end - first > 1) {
      for (let child = first; child < end; child += FAN) {
        this.order[node] = child
        this.enclose(node++, child, Math.min(child + FAN, end))
      }
      first = end
      end = node
    }
  }

  private enclose(node: number, first: number, end: number): void {
    const boxes = this.boxes
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
    for (let at = 4 * first; at < 4 * end; at += 4) {
      left = Math.min(left, num(boxes, at))
      top = Math.min(top, num(boxes, at + 1))
      right = Math.max(right, num(boxes, at + 2))
      bottom = Math.max(bottom, num(boxes, at + 3))
    }
    boxes.set([left, top, right, bottom], 4 * node)
  }
}

function sortedByCurve(boxes: Float64Array): Uint32Array {
  const count = boxes.length / 4
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
  for (let at = 0; at < boxes.length; at += 4) {
    left = Math.min(left, num(boxes, at))
    top = Math.min(top, num(boxes, at + 1))
    right = Math.max(right, num(boxes, at + 2))
    bottom = Math.max(bottom, num(boxes, at + 3))
  }
  const across = SIDE / (right - left || 1)
  const down = SIDE / (bottom - top || 1)
  const keys = new Float64Array(count)
  for (let index = 0; index < count; index++) {
    const at = 4 * index
    const x = (num(boxes, at) + num(boxes, at + 2)) / 2 - left
    const y = (num(boxes, at + 1) + num(boxes, at + 3)) / 2 - top
    keys[index] = alongCurve(Math.floor(x * across), Math.floor(y * down)) * MOST + index
  }
  keys.sort()
  return Uint32Array.from(keys, (key) => key % MOST)
}

/** How far along the Hilbert curve of a square of 2^15 a cell lies. */
export function alongCurve(x: number, y: number): number {
  let far = 0
  for (let side = 1 << 14; side > 0; side >>= 1) {
    const right = (x & side) > 0 ? 1 : 0
    const down = (y & side) > 0 ? 1 : 0
    far = far * 4 + ((3 * right) ^ down)
    if (down === 0) {
      if (right === 1) {
        x = SIDE - x
        y = SIDE - y
      }
      ;[x, y] = [y, x]
    }
  }
  return far
}
