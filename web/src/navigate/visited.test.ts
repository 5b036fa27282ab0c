// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'

import { closeness, Visited } from './visited'

const SIZE = { width: 12_800, height: 6_400 }
const LOOK = { rotation: 0, screen: { width: 1000, height: 1000 } }

describe('closeness', () => {
  it('counts 5x, 10x and 20x', () => {
    expect([8, 4, 2, 1, 0.5].map((downsample) => closeness(downsample, 0.5))).toEqual([
      0, 1, 2, 3, 3,
    ])
    expect([8, 4, 2, 1].map((downsample) => closeness(downsample, null))).toEqual([0, 1, 2, 3])
  })
})

describe('Visited', () => {
  it('marks what was on the screen, and the closest look', () => {
    const visited = new Visited(SIZE, 0.5)
    expect([visited.across, visited.down]).toEqual([128, 64])
    expect(visited.add({ ...LOOK, centre: { x: 1000, y: 1000 }, downsample: 1 })).toBe(true)
    expect(visited.cells.filter((cell) => cell === 3)).toHaveLength(100)
    expect(visited.cells[5 * 128 + 5]).toBe(3)
    expect(visited.cells[5 * 128 + 4]).toBe(0)
    expect(visited.add({ ...LOOK, centre: { x: 1000, y: 1000 }, downsample: 1 })).toBe(false)
    visited.add({ ...LOOK, centre: { x: 1000, y: 1000 }, downsample: 2 })
    expect(visited.cells.filter((cell) => cell === 2)).toHaveLength(300)
  })

  it('turns with the view', () => {
    const visited = new Visited(SIZE, 0.5)
    const wide = { width: 2000, height: 200 }
    visited.add({
      ...LOOK,
      screen: wide,
      rotation: Math.PI / 2,
      centre: { x: 3000, y: 3000 },
      downsample: 1,
    })
    expect(visited.cells[25 * 128 + 30]).toBe(3)
    expect(visited.cells[30 * 128 + 25]).toBe(0)
  })

  it('counts no glance at the whole', () => {
    const visited = new Visited(SIZE, 0.5)
    expect(visited.add({ ...LOOK, centre: { x: 6400, y: 3200 }, downsample: 16 })).toBe(false)
  })
})
