// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'

import { captionOf, fileName, PARTS, scaleWords, type Facts } from './caption'

const SCALE = { mpp: 0.5, storedMpp: 0.5, degrees: 0, mirrored: false }
const FACTS: Facts = {
  slide: 'S26-1-A1',
  stain: 'H&E',
  date: '2024-03-17',
  patient: 'Sample^Jane · P-1',
  scale: SCALE,
  colours: ['no ICC profile; drawn as sRGB', 'gamma 1.2'],
  gaps: { count: 0, reasons: [] },
  inset: null,
}

describe('captionOf', () => {
  it('names the patient only where that is asked for', () => {
    const parts = new Set(PARTS)
    expect(captionOf(FACTS, parts)).toEqual([
      'Sample^Jane · P-1 · S26-1-A1 · H&E · 2024-03-17',
      '20× · 0.5\u2009µm/px',
      'no ICC profile; drawn as sRGB; gamma 1.2',
    ])
    parts.delete('patient')
    expect(captionOf(FACTS, parts)[0]).toBe('S26-1-A1 · H&E · 2024-03-17')
  })

  it('leaves out what is unknown, and is nothing where nothing is wanted', () => {
    expect(captionOf({ ...FACTS, stain: null, date: null }, new Set(['stain', 'date']))).toEqual([])
  })

  it('says what is hatched, whatever is chosen', () => {
    const gaps = { count: 2, reasons: ['busy'] }
    expect(captionOf({ ...FACTS, gaps }, new Set())).toEqual([
      'incomplete: 2 tiles are hatched: busy',
    ])
  })
})

describe('scaleWords', () => {
  it('says what is enlarged, turned and mirrored', () => {
    expect(scaleWords({ mpp: 0.25, storedMpp: 0.5, degrees: 90, mirrored: true })).toEqual([
      '40×',
      '0.25\u2009µm/px',
      'enlarged: the slide stores 0.5\u2009µm/px',
      'turned 90°',
      'mirrored',
    ])
  })

  it('tells no magnification of a slide that is not calibrated', () => {
    expect(scaleWords({ ...SCALE, mpp: null })).toEqual([
      'uncalibrated: the slide does not state the size of a pixel',
    ])
  })
})

describe('fileName', () => {
  it('has no sign that a file system minds', () => {
    expect(fileName('S26/1 <b>A1</b>', SCALE)).toBe('S26 1 b A1 b 20x.png')
    expect(fileName('///', { ...SCALE, mpp: null })).toBe('slide.png')
  })
})
