// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'

import { applied, composed, IDENTITY, inverted, nearest, ofSimilar, stretch } from './affine'
import { closeTo, maps, similars } from './samples'

describe('affine maps', () => {
  it('are undone by their inverse', () => {
    for (const map of maps) {
      closeTo(composed(inverted(map), map), IDENTITY)
      closeTo(composed(map, inverted(map)), IDENTITY)
    }
  })

  it('are carried out one after the other', () => {
    for (const outer of maps)
      for (const inner of maps)
        closeTo(
          applied(composed(outer, inner), { x: 3, y: -4 }),
          applied(outer, applied(inner, { x: 3, y: -4 })),
        )
  })

  it('turn clockwise, then mirror left to right', () => {
    const turned = ofSimilar({ scale: 2, turn: Math.PI / 2, mirrored: false })
    closeTo(applied(turned, { x: 1, y: 0 }), { x: 0, y: 2 })
    const mirrored = ofSimilar({ scale: 1, turn: Math.PI / 2, mirrored: true })
    closeTo(applied(mirrored, { x: 0, y: 1 }), { x: 1, y: 0 })
  })
})

describe('nearest', () => {
  it('finds a similarity again', () => {
    for (const similar of similars) {
      const found = nearest(ofSimilar(similar))
      expect(found.mirrored).toBe(similar.mirrored)
      closeTo(ofSimilar(found), ofSimilar(similar))
      expect(stretch(ofSimilar(similar))).toBeCloseTo(0, 9)
    }
  })

  it('takes the middle of two sizes', () => {
    const oblong = { ...IDENTITY, a: 1.1, d: 0.9 }
    expect(nearest(oblong).scale).toBeCloseTo(1, 9)
    expect(stretch(oblong)).toBeCloseTo(1.1 / 0.9 - 1, 9)
    expect(stretch({ ...oblong, a: -1.1 })).toBeCloseTo(1.1 / 0.9 - 1, 9)
  })
})
