// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'

import { parsePlace, parseScale, placeWords, type Ruler } from './parse'

const HALF: Ruler = { mpp: 0.5, aspect: 1 }
const OBLONG: Ruler = { mpp: 0.5, aspect: 2 }
const NONE: Ruler = { mpp: null, aspect: 1 }
const SIZE = { width: 4000, height: 2000 }

describe('parseScale', () => {
  it.each([
    ['20x', 1],
    ['12.5x', 1.6],
    ['12,5 ×', 1.6],
    ['10', 2],
    ['0.8 µm/px', 1.6],
    ['0.25um', 0.5],
    ['1 mpp', 2],
    ['1:4', 4],
  ])('%s', (typed, downsample) => {
    expect(parseScale(typed, HALF)).toBeCloseTo(downsample, 12)
  })

  it('takes ratios alone where the slide is not calibrated', () => {
    expect(parseScale('1:4', NONE)).toBe(4)
    expect(parseScale('4', NONE)).toBe(4)
    expect(parseScale('0.5 µm', NONE)).toBeNull()
  })

  it.each(['', 'x', '0x', '-4', '1.2.3', '20 parsec', '1:0'])('does not understand %j', (typed) => {
    expect(parseScale(typed, HALF)).toBeNull()
  })
})

describe('parsePlace', () => {
  it('takes millimetres and pixels, of oblong pixels too', () => {
    expect(parsePlace(['1', '0,5'], 'mm', HALF, SIZE)).toEqual({ x: 2000, y: 1000 })
    expect(parsePlace(['100', '200'], 'px', HALF, SIZE)).toEqual({ x: 100, y: 200 })
    expect(parsePlace(['100', '200'], 'px', OBLONG, SIZE)).toEqual({ x: 100, y: 400 })
    expect(parsePlace(['1', '0.5'], 'mm', OBLONG, SIZE)).toEqual({ x: 2000, y: 1000 })
  })

  it('takes nothing beyond the edge, and no millimetres where there are none', () => {
    expect(parsePlace(['2.001', '0'], 'mm', HALF, SIZE)).toBeNull()
    expect(parsePlace(['-1', '0'], 'px', HALF, SIZE)).toBeNull()
    expect(parsePlace(['1', '1'], 'mm', NONE, SIZE)).toBeNull()
    expect(parsePlace(['1', ''], 'px', HALF, SIZE)).toBeNull()
  })
})

describe('placeWords', () => {
  it('tells micrometres in millimetres, pixels whole', () => {
    expect(placeWords({ x: 2469, y: 100 }, 'mm', HALF)).toBe('1.234, 0.050\u2009mm')
    expect(placeWords({ x: 10.4, y: 20 }, 'px', OBLONG)).toBe('10, 10\u2009px')
  })
})
