// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'

import { blocksOf, pixelOf, placeAt } from './blocks'

const UPRIGHT = {
  centre: { x: 1000, y: 800 },
  downsample: 2,
  rotation: 0,
  screen: { width: 500, height: 300 },
}

describe('blocksOf', () => {
  it('covers the picture, the last of each row and column cut', () => {
    const blocks = blocksOf(UPRIGHT, { width: 200, height: 200 })

    expect(blocks.map(({ left, top, width, height }) => [left, top, width, height])).toEqual([
      [0, 0, 200, 200],
      [200, 0, 200, 200],
      [400, 0, 100, 200],
      [0, 200, 200, 100],
      [200, 200, 200, 100],
      [400, 200, 100, 100],
    ])
    expect(blocks[0]?.centre).toEqual({ x: 700, y: 700 })
    expect(blocks[4]?.centre).toEqual({ x: 1100, y: 1100 })
  })

  it('is one block where the screen is as large', () => {
    expect(blocksOf(UPRIGHT, UPRIGHT.screen)).toEqual([
      { left: 0, top: 0, width: 500, height: 300, centre: UPRIGHT.centre },
    ])
  })

  it('follows the turn of the picture, and its mirror', () => {
    const turned = { ...UPRIGHT, rotation: Math.PI / 2 }
    // Turned clockwise by a quarter, what is to the right on the screen lies up on the slide.
    const right = placeAt(turned, { x: 350, y: 150 })
    expect(right.x).toBeCloseTo(1000)
    expect(right.y).toBeCloseTo(600)
    const mirrored = placeAt({ ...turned, mirrored: true }, { x: 350, y: 150 })
    expect(mirrored.y).toBeCloseTo(1000)
  })
})

describe('pixelOf', () => {
  it('is the inverse of placeAt', () => {
    const views = [
      UPRIGHT,
      { ...UPRIGHT, rotation: 0.7 },
      { ...UPRIGHT, rotation: 2, mirrored: true },
    ]
    for (const view of views) {
      const there = pixelOf(view, placeAt(view, { x: 123, y: 45 }))
      expect(there.x).toBeCloseTo(123)
      expect(there.y).toBeCloseTo(45)
    }
  })
})
