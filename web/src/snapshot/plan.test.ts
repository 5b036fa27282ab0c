// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'

import { fieldOf, insetOf, isPossible, outlineOn, wrapped } from './plan'

const VIEWED = {
  centre: { x: 1000, y: 500 },
  downsample: 4,
  rotation: 0,
  mirrored: false,
  screen: { width: 1200, height: 800 },
}
const WISH = { enlargement: 1, inset: 'none', closer: 4 } as const
const SLIDE = { width: 20_000, height: 10_000 }

describe('fieldOf', () => {
  it('has the same field in more pixels', () => {
    expect(fieldOf(VIEWED, 1.5, { ...WISH, enlargement: 2 })).toEqual({
      ...VIEWED,
      downsample: 4 / 3,
      screen: { width: 3600, height: 2400 },
    })
  })
})

describe('insetOf', () => {
  it('is the whole slide within its share', () => {
    const inset = insetOf(VIEWED, SLIDE, { ...WISH, inset: 'overview' })
    expect(inset?.screen).toEqual({ width: 360, height: 180 })
    expect(inset?.centre).toEqual({ x: 10_000, y: 5000 })
    expect(inset?.mirrored).toBeUndefined()
  })

  it('is the middle, closer', () => {
    const inset = insetOf(VIEWED, SLIDE, { ...WISH, inset: 'detail' })
    expect(inset).toEqual({ ...VIEWED, downsample: 1, screen: { width: 360, height: 288 } })
  })

  it('is nothing where none is wanted', () => {
    expect(insetOf(VIEWED, SLIDE, WISH)).toBeNull()
  })
})

describe('outlineOn', () => {
  it('marks the field on the overview, turned as it lies', () => {
    const overview = insetOf(VIEWED, SLIDE, { ...WISH, inset: 'overview' })
    const turned = { ...VIEWED, rotation: Math.PI / 2 }
    if (!overview) throw new Error('no inset')
    const marks = outlineOn(overview, turned)
    const xs = marks.map(({ x }) => Math.round(x))
    // 800 screen pixels of height lie along the slide's width: 3200 of 20 000, 57.6 of 360.
    expect(Math.max(...xs) - Math.min(...xs)).toBe(58)
  })

  it('marks a detail in the middle of a mirrored picture', () => {
    const field = { ...VIEWED, rotation: 0.5, mirrored: true }
    const detail = insetOf(field, SLIDE, { ...WISH, inset: 'detail' })
    if (!detail) throw new Error('no inset')
    const marks = outlineOn(field, detail)
    const middle = marks.reduce((sum, { x }) => sum + x / 4, 0)
    expect(middle).toBeCloseTo(600)
    const first = marks[0]
    // A corner of the screen is one of the picture: the marks are upright there.
    expect(marks.filter(({ x }) => Math.abs(x - (first?.x ?? 0)) < 0.01)).toHaveLength(2)
  })
})

describe('isPossible', () => {
  it('is what a canvas can hold', () => {
    expect(isPossible({ width: 8000, height: 6000 })).toBe(true)
    expect(isPossible({ width: 15_000, height: 8000 })).toBe(false)
    expect(isPossible({ width: 17_000, height: 100 })).toBe(false)
  })
})

describe('wrapped', () => {
  it('breaks between words', () => {
    const widthOf = (text: string): number => text.length
    expect(wrapped('one two three', 7, widthOf)).toEqual(['one two', 'three'])
    expect(wrapped('unbreakable it', 4, widthOf)).toEqual(['unbreakable', 'it'])
  })
})
