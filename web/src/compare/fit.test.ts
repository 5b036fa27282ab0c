// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'

import { applied, IDENTITY, ofSimilar, type Affine } from './affine'
import { fitted, residual, type Pair } from './fit'
import { closeTo, maps, similars } from './samples'

const PLACES = [
  { x: 100, y: 200 },
  { x: 4100, y: 900 },
  { x: 1500, y: 5200 },
  { x: 3900, y: 4700 },
]
const PLAIN = { mirrored: false, scale: 1 }

function pairsOf(map: Affine, count: number): Pair[] {
  return PLACES.slice(0, count).map((from) => ({
    from,
    to: applied(map, from),
  }))
}

describe('fitted', () => {
  it('finds any affine map of three pairs, mirrored ones too', () => {
    for (const map of maps) {
      const found = fitted(pairsOf(map, 3), 'affine', PLAIN)
      closeTo(found ?? {}, map, 5)
      expect(residual(pairsOf(map, 3), found ?? IDENTITY)).toBeLessThan(1e-6)
    }
  })

  it('finds any similarity of two pairs', () => {
    for (const similar of similars) {
      const map = { ...ofSimilar(similar), e: 17, f: -900 }
      const known = { mirrored: similar.mirrored, scale: 1 }
      closeTo(fitted(pairsOf(map, 2), 'similarity', known) ?? {}, map)
    }
  })

  it('finds turn and shift of two pairs, at the size that is known', () => {
    for (const similar of similars) {
      const map = { ...ofSimilar(similar), e: 17, f: -900 }
      closeTo(fitted(pairsOf(map, 2), 'rigid', similar) ?? {}, map)
    }
  })

  it('has known answers', () => {
    const pairs = [
      { from: { x: 0, y: 0 }, to: { x: 10, y: 20 } },
      { from: { x: 100, y: 0 }, to: { x: 10, y: 220 } },
    ]
    closeTo(fitted(pairs, 'similarity', PLAIN) ?? {}, {
      a: 0,
      b: 2,
      c: -2,
      d: 0,
      e: 10,
      f: 20,
    })
    // Twice as far apart as they can be: a turn about the middles, half of the rest at each end.
    const rigid = fitted(pairs, 'rigid', PLAIN) ?? IDENTITY
    closeTo(rigid, { a: 0, b: 1, c: -1, d: 0, e: 10, f: 70 })
    expect(residual(pairs, rigid)).toBeCloseTo(50, 9)
    closeTo(fitted(pairs.slice(0, 1), 'shift', PLAIN) ?? {}, {
      ...IDENTITY,
      e: 10,
      f: 20,
    })
  })

  it('spreads what cannot be met over more pairs than are needed', () => {
    const map = {
      ...ofSimilar({ scale: 1, turn: 0.5, mirrored: false }),
      e: 3,
      f: 4,
    }
    const off = pairsOf(map, 4).map(({ from, to }, index) => ({
      from,
      to: { x: to.x + (index % 2 ? 3 : -3), y: to.y },
    }))
    const similar = fitted(off, 'similarity', PLAIN) ?? IDENTITY
    const rigid = fitted(off, 'rigid', PLAIN) ?? IDENTITY
    const affine = fitted(off, 'affine', PLAIN) ?? IDENTITY
    expect(residual(off, affine)).toBeLessThanOrEqual(residual(off, similar))
    expect(residual(off, similar)).toBeLessThanOrEqual(residual(off, rigid))
    expect(residual(off, rigid)).toBeLessThan(3)
  })

  it('says nothing of too few pairs, of one place, of one line', () => {
    const same = [PLACES[0], PLACES[0]].map((from) => ({
      from: from ?? { x: 0, y: 0 },
      to: { x: 1, y: 1 },
    }))
    const line = [0, 1, 2].map((x) => ({
      from: { x, y: x },
      to: { x, y: 2 * x },
    }))
    expect(fitted([], 'shift', PLAIN)).toBeNull()
    expect(fitted(pairsOf(IDENTITY, 1), 'rigid', PLAIN)).toBeNull()
    expect(fitted(pairsOf(IDENTITY, 2), 'affine', PLAIN)).toBeNull()
    expect(fitted(same, 'similarity', PLAIN)).toBeNull()
    expect(fitted(line, 'affine', PLAIN)).toBeNull()
  })
})
