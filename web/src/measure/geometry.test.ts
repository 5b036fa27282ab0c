// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'

import type { Point } from '../dicom/geometry'
import { anchor, distanceTo, measured, outline, type Kind } from './geometry'

function points(...pairs: readonly (readonly [number, number])[]): Point[] {
  return pairs.map(([x, y]) => ({ x, y }))
}

/** The points turned by so many degrees, and then mirrored. */
function turned(given: readonly Point[], degrees: number, mirrored: boolean): Point[] {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)]
  return given.map(({ x, y }) => ({
    x: (mirrored ? -1 : 1) * (x * cos - y * sin),
    y: x * sin + y * cos,
  }))
}

const SHAPES: readonly (readonly [Kind, Point[], Record<string, number>])[] = [
  ['length', points([10, 10], [310, 410]), { length: 500 }],
  ['polyline', points([0, 0], [30, 40], [30, 100]), { length: 110 }],
  ['angle', points([100, 0], [0, 0], [0, 50]), { angle: 90 }],
  ['angle', points([100, 0], [0, 0], [-100, 1]), { angle: 179.42706 }],
  ['area', points([0, 0], [200, 0], [200, 100], [0, 100]), { area: 20_000, perimeter: 600 }],
  ['area', points([0, 0], [0, 3], [4, 0]), { area: 6, perimeter: 12 }],
  ['ellipse', points([-100, 0], [100, 0], [37, 50]), { area: 15_707.96327, perimeter: 484.42241 }],
  ['circle', points([5, 5], [5, 15]), { area: 314.15927, perimeter: 62.83185 }],
  ['count', points([0, 0], [1, 1], [2, 2]), { count: 3 }],
]

describe('measured', () => {
  it.each(SHAPES)('%s %j is %j', (kind, given, expected) => {
    for (const [name, value] of Object.entries(expected))
      expect(measured({ kind, points: given })).toHaveProperty(name, expect.closeTo(value, 4))
  })

  it.each(SHAPES)(
    '%s %j is the same turned by 37 degrees and mirrored',
    (kind, given, expected) => {
      for (const mirrored of [false, true]) {
        const result = measured({ kind, points: turned(given, 37, mirrored) })
        for (const [name, value] of Object.entries(expected))
          expect(result).toHaveProperty(name, expect.closeTo(value, 4))
      }
    },
  )

  it('tells the longer diameter of an ellipse first', () => {
    expect(
      measured({ kind: 'ellipse', points: points([0, 0], [10, 0], [5, 20]) }).diameters,
    ).toEqual([40, 10])
  })

  it('measures nothing of what is not there', () => {
    expect(measured({ kind: 'ellipse', points: points([1, 1], [1, 1], [1, 1]) })).toEqual({
      area: 0,
      perimeter: 0,
      diameters: [0],
    })
  })
})

describe('outline', () => {
  it('ends where it begins when it is closed', () => {
    expect(outline({ kind: 'area', points: points([0, 0], [1, 0], [1, 1]) })).toHaveLength(4)
    const circle = outline({ kind: 'circle', points: points([0, 0], [3, 4]) })
    expect(circle.every(({ x, y }) => Math.abs(Math.hypot(x, y) - 5) < 1e-9)).toBe(true)
    expect(outline({ kind: 'count', points: points([0, 0]) })).toEqual([])
  })
})

describe('anchor', () => {
  it('is in the middle of a line and of an area, at the corner of an angle', () => {
    expect(anchor({ kind: 'length', points: points([0, 0], [10, 4]) })).toEqual({ x: 5, y: 2 })
    expect(anchor({ kind: 'area', points: points([0, 0], [3, 0], [0, 3]) })).toEqual({ x: 1, y: 1 })
    expect(anchor({ kind: 'angle', points: points([0, 0], [7, 7], [9, 0]) })).toEqual({
      x: 7,
      y: 7,
    })
  })
})

describe('distanceTo', () => {
  it('is to the nearest place of the line', () => {
    const [from, to] = points([0, 0], [10, 0]) as [Point, Point]
    expect(distanceTo({ x: 4, y: 3 }, from, to)).toBe(3)
    expect(distanceTo({ x: 13, y: 4 }, from, to)).toBe(5)
    expect(distanceTo({ x: 3, y: 4 }, from, from)).toBe(5)
  })
})
