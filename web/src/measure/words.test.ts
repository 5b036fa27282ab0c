// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'

import type { Shape } from './geometry'
import { areaWords, asCsv, asText, lengthWords, valueWords } from './words'

const LINE: Shape = {
  id: 1,
  kind: 'length',
  points: [
    { x: 0, y: 0 },
    { x: 300, y: 400 },
  ],
}
const SQUARE: Shape = {
  ...{ id: 2, kind: 'area' },
  points: [
    { x: 0, y: 0 },
    { x: 100, y: 0 },
    { x: 100, y: 100 },
    { x: 0, y: 100.5 },
  ],
}
const MARKS: Shape = {
  id: 3,
  kind: 'count',
  points: [
    { x: 1, y: 2 },
    { x: 3, y: 4 },
  ],
}

describe('lengthWords', () => {
  it('tells micrometres below a millimetre, and pixels where nothing is known', () => {
    expect(lengthWords(500, 0.499)).toBe('249.5\u2009µm')
    expect(lengthWords(5000, 0.25)).toBe('1.25\u2009mm')
    expect(lengthWords(1234.5, null)).toBe('1235\u2009px')
  })
})

describe('areaWords', () => {
  it('tells square micrometres below a tenth of a square millimetre', () => {
    expect(areaWords(10_000, 0.5)).toBe('2500\u2009µm²')
    expect(areaWords(4_000_000, 0.5)).toBe('1\u2009mm²')
    expect(areaWords(50, null)).toBe('50\u2009px²')
  })
})

describe('valueWords', () => {
  it('tells what the shape is drawn for', () => {
    expect(valueWords(LINE, 0.5)).toBe('250\u2009µm')
    expect(valueWords(MARKS, 0.5)).toBe('2')
    const corner = [
      { x: 1, y: 0 },
      { x: 0, y: 0 },
      { x: 0, y: 1 },
    ]
    expect(valueWords({ kind: 'angle', points: corner }, 0.5)).toBe('90.0°')
  })
})

describe('asText', () => {
  it('numbers the measures', () => {
    expect(asText([LINE, MARKS], 0.5)).toBe('1. length: 250\u2009µm\n2. count: 2')
  })

  it('says that pixels are no micrometres', () => {
    expect(asText([LINE], null)).toBe(
      '1. length: 500\u2009px\nin pixels: the slide is not calibrated',
    )
  })
})

describe('asCsv', () => {
  it('has units in its head and a row for each', () => {
    expect(asCsv([LINE, SQUARE, MARKS], 0.5)).toBe(
      [
        'number,kind,length_um,area_um2,perimeter_um,angle_deg,count,points_px',
        '1,length,250,,,,,0 0; 300 400',
        '2,area,,2506.25,200.251,,,0 0; 100 0; 100 100; 0 100.5',
        '3,count,,,,,2,1 2; 3 4',
        '',
      ].join('\r\n'),
    )
  })

  it('counts rows of oblong pixels, and pixels where nothing is known', () => {
    expect(asCsv([LINE], null, 2)).toBe(
      'number,kind,length_px,area_px2,perimeter_px,angle_deg,count,points_px\r\n' +
        '1,length,500,,,,,0 0; 300 200\r\n',
    )
  })
})
