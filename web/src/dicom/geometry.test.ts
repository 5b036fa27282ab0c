// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'

import {
  corners,
  homeDownsample,
  magnification,
  mppAt,
  nextPreset,
  presets,
  scaleBar,
  scaledAbout,
} from './geometry'

describe('magnification', () => {
  test('ten micrometres per pixel are 1x', () => {
    expect(magnification(10)).toBe(1)
    expect(magnification(0.25)).toBe(40)
    expect(mppAt(20)).toBe(0.5)
  })

  test('presets end at the objective', () => {
    expect(presets(20, 0.5)).toEqual([1, 2, 5, 10, 20])
    expect(presets(40, 0.25)).toEqual([1, 2, 5, 10, 20, 40])
  })

  test('without an objective presets end where a stored pixel is a screen pixel', () => {
    expect(presets(null, 0.499)).toEqual([1, 2, 5, 10, 20])
    expect(presets(null, 4)).toEqual([1, 2])
    expect(presets(null, 16.8)).toEqual([])
  })

  test('the next preset is above the present magnification', () => {
    expect(nextPreset([1, 2, 5], 1.3)).toBe(2)
    expect(nextPreset([1, 2, 5], 2)).toBe(5)
    expect(nextPreset([1, 2, 5], 1.9)).toBe(5)
    expect(nextPreset([1, 2, 5], 5)).toBeNull()
  })
})

describe('scale bar', () => {
  test.each([
    [0.5, 160, 50, 100],
    [0.25, 160, 20, 80],
    [2.5, 160, 200, 80],
    [10, 100, 1000, 100],
    [0.03, 160, 2, 200 / 3],
  ])('at %d µm/px within %d px it is %d µm and %d px', (mpp, most, micrometres, pixels) => {
    const bar = scaleBar(mpp, most)

    expect(bar.micrometres).toBeCloseTo(micrometres, 9)
    expect(bar.pixels).toBeCloseTo(pixels, 9)
  })
})

describe('what is viewed', () => {
  const screen = { width: 400, height: 200 }
  const centre = { x: 1000, y: 500 }

  test('an upright view spans its screen times the downsample', () => {
    expect(corners({ centre, downsample: 2, rotation: 0, screen })).toEqual([
      { x: 600, y: 300 },
      { x: 1400, y: 300 },
      { x: 1400, y: 700 },
      { x: 600, y: 700 },
    ])
  })

  test('a picture turned clockwise by a quarter has its left bottom at the screen’s top left', () => {
    const [topLeft, topRight] = corners({ centre, downsample: 2, rotation: Math.PI / 2, screen })

    expect(topLeft?.x).toBeCloseTo(800, 9)
    expect(topLeft?.y).toBeCloseTo(900, 9)
    expect(topRight?.x).toBeCloseTo(800, 9)
    expect(topRight?.y).toBeCloseTo(100, 9)
  })

  test('home shows the whole slide within its margin', () => {
    expect(homeDownsample({ width: 3000, height: 1000 }, { width: 1100, height: 900 }, 50)).toBe(3)
    expect(homeDownsample({ width: 1000, height: 3200 }, { width: 1100, height: 900 }, 50)).toBe(4)
  })
})

describe('scaledAbout', () => {
  test('a point comes nearer to the fixed one by the factor', () => {
    expect(scaledAbout({ x: 10, y: 20 }, { x: 30, y: 0 }, 0.5)).toEqual({ x: 20, y: 10 })
  })

  test('the fixed one stays', () => {
    expect(scaledAbout({ x: 10, y: 20 }, { x: 10, y: 20 }, 3)).toEqual({ x: 10, y: 20 })
  })
})
