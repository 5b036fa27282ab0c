// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'

import { Packer, shapeAt } from './packed'
import { batchOf, hitTest } from './scene'
import { boxOf, moved, oriented, polygonShape, polygonsOf, signedArea, type Shape } from './shape'
import { alongCurve, Tree } from './tree'

const SQUARE = Float64Array.of(0, 0, 10, 0, 10, 10, 0, 10)
const HOLE = Float64Array.of(4, 4, 6, 4, 6, 6, 4, 6)
const GROUP = { label: 'tumour', colour: '#0057ff' }
const never = (): boolean => false

function batch(...shapes: Shape[]) {
  const packer = new Packer()
  for (const shape of shapes) packer.add(shape, GROUP)
  return batchOf(packer.finish(), 1)
}

describe('shapes', () => {
  it('have outer rings clockwise on the screen and holes the other way', () => {
    const shape = polygonShape([[oriented(SQUARE, false), HOLE]])

    expect(shape.rings.map((ring) => signedArea(ring))).toEqual([100, -4])
  })

  it('keep holes with their polygon', () => {
    const far = SQUARE.map((value) => value + 100)

    const polygons = polygonsOf(polygonShape([[SQUARE, HOLE], [far]]))

    expect(polygons.map((rings) => rings.length)).toEqual([2, 1])
  })

  it('have a box and can be moved', () => {
    const elsewhere = moved({ kind: 'line', rings: [HOLE] }, 10, -4)

    expect(boxOf([elsewhere])).toEqual({ left: 14, top: 0, right: 16, bottom: 2 })
    expect(boxOf([])).toBeNull()
  })
})

describe('Packer', () => {
  it('gives back what it was given', () => {
    const packer = new Packer()
    const polygon = polygonShape([[SQUARE, HOLE]])
    packer.add({ kind: 'point', rings: [Float64Array.of(1, 2)] }, GROUP)
    packer.add(polygon, { label: '', colour: '#000000' })
    packer.add({ kind: 'line', rings: [HOLE, SQUARE] }, GROUP)

    const packed = packer.finish()

    expect(shapeAt(packed, 1)).toEqual(polygon)
    expect(shapeAt(packed, 2).rings).toEqual([HOLE, SQUARE])
    expect([...packed.group]).toEqual([0, 1, 0])
  })

  it('grows', () => {
    const packer = new Packer()
    for (let x = 0; x < 5000; x++)
      packer.add({ kind: 'point', rings: [Float64Array.of(x, -x, x, x)] }, GROUP)

    const packed = packer.finish()

    expect(packed.count).toBe(5000)
    expect(shapeAt(packed, 4999).rings[0]).toEqual(Float64Array.of(4999, -4999, 4999, 4999))
  })
})

describe('Tree', () => {
  it('finds exactly the boxes that touch a window', () => {
    const boxes = new Float64Array(4 * 3000)
    for (let index = 0; index < 3000; index++) {
      const [x, y] = [(index * 7919) % 1000, (index * 104729) % 777]
      boxes.set([x, y, x + (index % 9), y + (index % 13)], 4 * index)
    }
    const window = { left: 120, top: 200, right: 333, bottom: 260 }
    const expected = Array.from({ length: 3000 }, (_, index) => index).filter((index) => {
      const [left = 0, top = 0, right = 0, bottom = 0] = boxes.subarray(4 * index, 4 * index + 4)
      return left <= 333 && top <= 260 && right >= 120 && bottom >= 200
    })
    const found: number[] = []

    new Tree(boxes).search(window, (index) => found.push(index))

    expect(found.sort((a, b) => a - b)).toEqual(expected)
    expect(expected.length).toBeGreaterThan(20)
  })

  it('may be empty, and may hold one', () => {
    const found: number[] = []
    const window = { left: 0, top: 0, right: 9, bottom: 9 }

    new Tree(new Float64Array()).search(window, (index) => found.push(index))
    new Tree(Float64Array.of(1, 1, 2, 2)).search(window, (index) => found.push(index))

    expect(found).toEqual([0])
  })

  it('goes along a curve that never jumps', () => {
    const cells = new Map<number, [number, number]>()
    for (let x = 0; x < 16; x++) for (let y = 0; y < 16; y++) cells.set(alongCurve(x, y), [x, y])

    for (let far = 1; far < 256; far++) {
      const [[x0, y0], [x1, y1]] = [cells.get(far - 1) ?? [9, 9], cells.get(far) ?? [0, 0]]
      expect(Math.abs(x0 - x1) + Math.abs(y0 - y1)).toBe(1)
    }
  })
})

describe('hitTest', () => {
  const ring = batch(polygonShape([[SQUARE, HOLE]]))

  it('finds a polygon inside and near its edge, not in its hole', () => {
    expect(hitTest([ring], { x: 2, y: 2 }, 0.1, never)?.id).toBe(1)
    expect(hitTest([ring], { x: 10.4, y: 5 }, 0.5, never)?.id).toBe(1)
    expect(hitTest([ring], { x: 5, y: 5 }, 0.5, never)).toBeNull()
    expect(hitTest([ring], { x: 11, y: 5 }, 0.5, never)).toBeNull()
  })

  it('prefers the smaller, and does not find what is hidden', () => {
    const both = batch(
      polygonShape([[SQUARE]]),
      { kind: 'line', rings: [Float64Array.of(2, 2, 3, 3)] },
      { kind: 'point', rings: [Float64Array.of(2.5, 2.4)] },
    )
    const at = { x: 2.5, y: 2.5 }

    expect(hitTest([both], at, 0.5, never)?.id).toBe(3)
    expect(hitTest([both], at, 0.5, (index) => index === 2)?.id).toBe(2)
    expect(hitTest([both], { x: 2.5, y: 3 }, 0.5, never)?.id).toBe(2)
  })

  it('does not close lines', () => {
    const open = batch({ kind: 'line', rings: [SQUARE] })

    expect(hitTest([open], { x: 0, y: 5 }, 0.5, never)).toBeNull()
    expect(hitTest([open], { x: 5, y: 5 }, 0.5, never)).toBeNull()
  })
})
