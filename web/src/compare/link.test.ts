// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'

import { IDENTITY } from './affine'
import { begun, formatComparison, parseComparison, type Comparison, type Pane } from './link'

const FIRST = { study: '1.2', series: '1.2.3' }
const KEYS = [FIRST, { study: '1.2', series: '1.2.4' }, { study: '2.25.9', series: '2.25.10' }]
const PLAIN = begun(KEYS)
const [PANE] = PLAIN.panes as [Pane]
const FULL: Comparison = {
  panes: [
    {
      ...PANE,
      own: {
        centre: { x: 1.5, y: -2 },
        scale: 0.25,
        turn: Math.PI / 2,
        mirrored: true,
      },
    },
    {
      ...PANE,
      key: { study: '1.2', series: '1.2.4' },
      alignment: { ...IDENTITY, a: 0.991234567, b: -0.1, e: -12.345 },
      points: [
        { x: 1, y: 2 },
        { x: -3.5, y: 4.125 },
      ],
    },
    { ...PANE, key: { study: '2.25.9', series: '2.25.10' } },
  ],
  layout: { kind: 'swipe', top: 2, at: 0.25 },
  aligning: true,
  split: { columns: [0.3, 0.7], rows: [] },
  focus: 1,
}

describe('a comparison', () => {
  it('is told by the text of an address', () => {
    expect(parseComparison(FIRST, formatComparison(PLAIN))).toEqual(PLAIN)
    expect(parseComparison(FIRST, formatComparison(FULL))).toEqual(FULL)
  })

  it('says no more than it has to', () => {
    expect(formatComparison(PLAIN)).toEqual({
      beside: '1.2_1.2.4 2.25.9_2.25.10',
    })
  })

  it('has no signs that an address would escape', () => {
    for (const text of Object.values(formatComparison(FULL)))
      expect(new URLSearchParams({ text }).toString()).toBe(`text=${text.replaceAll(' ', '+')}`)
  })

  it('takes what it does not understand as not given', () => {
    const odd = {
      beside: '1.2_1.2.4 <script> 2.25.9_2.25.10',
      aligned: '0_0_0_0_1_1 1_2_3',
      apart: 'x 1_2_0_0_0',
      lay: 'over_7_0.5',
      split: '0_2',
      pane: '9',
    }
    expect(parseComparison(FIRST, odd)).toEqual(PLAIN)
  })

  it('has four slides at most', () => {
    const beside = [1, 2, 3, 4, 5].map((series) => `1.2_${series}`).join(' ')
    expect(parseComparison(FIRST, { beside }).panes).toHaveLength(4)
  })
})
