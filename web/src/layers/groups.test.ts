// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'

import { shapeAt } from '../vector/packed'
import { IDENTITY } from './affine'
import { packGroup } from './groups'

describe('bulk annotations', () => {
  const layout = { label: 'x', colour: '#000000' }

  it('begin where the list says, counted from one and by numbers', () => {
    const values = [0, 0, 9, 0, 9, 9, 9, 20, 20, 9, 30, 20, 9, 30, 30, 9]
    const packed = packGroup(
      { ...layout, type: 'POLYGON', dimensions: 2 },
      values,
      [1, 7],
      IDENTITY,
    )
    expect(packed.count).toBe(2)
    const deep = packGroup(
      { ...layout, type: 'POLYLINE', dimensions: 3 },
      [1, 2, 0, 3, 4, 0, 5, 6, 0, 7, 8, 0],
      [1, 7],
      { ...IDENTITY, e: 100 },
    )
    expect(shapeAt(deep, 1).rings).toEqual([Float64Array.of(105, 6, 107, 8)])
  })

  it('of points and rectangles have no list', () => {
    const values = [1, 2, 3, 4, 5, 6, 7, 8]

    const points = packGroup({ ...layout, type: 'POINT', dimensions: 2 }, values, null, IDENTITY)
    const boxes = packGroup({ ...layout, type: 'RECTANGLE', dimensions: 2 }, values, null, IDENTITY)

    expect([points.count, boxes.count]).toEqual([4, 1])
  })

  it('of ellipses go by the ends of their axes', () => {
    const values = [0, 5, 10, 5, 5, 3, 5, 7]

    const packed = packGroup({ ...layout, type: 'ELLIPSE', dimensions: 2 }, values, null, IDENTITY)

    const [ring = new Float64Array()] = shapeAt(packed, 0).rings
    const xs = [...ring].filter((_, at) => at % 2 === 0)
    const ys = [...ring].filter((_, at) => at % 2 === 1)
    expect([Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]).toEqual([
      0, 10, 3, 7,
    ])
  })
})
