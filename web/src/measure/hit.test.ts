// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'

import type { Shape } from './geometry'
import { hit } from './hit'

const LINE: Shape = {
  id: 1,
  kind: 'length',
  points: [
    { x: 0, y: 0 },
    { x: 100, y: 0 },
  ],
}
const AREA: Shape = {
  ...{ id: 2, kind: 'area' },
  points: [
    { x: 0, y: 50 },
    { x: 100, y: 50 },
    { x: 100, y: 150 },
  ],
}
const CIRCLE: Shape = {
  id: 3,
  kind: 'circle',
  points: [
    { x: 300, y: 300 },
    { x: 340, y: 300 },
  ],
}
const ALL = [LINE, AREA, CIRCLE]

describe('hit', () => {
  it('finds a point before a line', () => {
    expect(hit(ALL, { x: 97, y: 2 }, 8)).toEqual({ id: 1, vertex: 1, edge: null })
  })

  it('finds the side of an area where a point can be put in, the last one too', () => {
    expect(hit(ALL, { x: 50, y: 53 }, 8)).toEqual({ id: 2, vertex: null, edge: 0 })
    expect(hit(ALL, { x: 50, y: 100 }, 8)).toEqual({ id: 2, vertex: null, edge: 2 })
  })

  it('finds lines that take no further points', () => {
    expect(hit(ALL, { x: 50, y: 3 }, 8)).toEqual({ id: 1, vertex: null, edge: null })
    expect(hit(ALL, { x: 300, y: 340 }, 8)).toEqual({ id: 3, vertex: null, edge: null })
  })

  it('finds nothing further away', () => {
    expect(hit(ALL, { x: 50, y: 20 }, 8)).toBeNull()
  })
})
