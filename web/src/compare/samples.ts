// SPDX-License-Identifier: Apache-2.0
/** Maps and views for tests. */

import { expect } from 'vitest'

import { ofSimilar, type Affine, type Similar } from './affine'
import type { PlaneView } from './linking'

export const similars: readonly Similar[] = [0, 0.3, -2, 3.1].flatMap((turn) =>
  [1, 0.25, 7].flatMap((scale) => [false, true].map((mirrored) => ({ turn, scale, mirrored }))),
)

export const maps: readonly Affine[] = [
  ...similars.map((similar) => ({ ...ofSimilar(similar), e: 1200, f: -340 })),
  { a: 1.02, b: 0.1, c: -0.05, d: 0.97, e: 55, f: 4000 },
  { a: -1.02, b: 0.1, c: 0.05, d: 0.97, e: -9, f: 2 },
]

export const views: readonly PlaneView[] = similars.map(({ turn, scale, mirrored }) => ({
  ...{ turn, scale, mirrored },
  centre: { x: 5000 * scale, y: 321 },
}))

/** Each number near the other's. */
export function closeTo(found: object, wanted: object, digits = 6): void {
  const other = Object.entries(wanted) as [string, unknown][]
  for (const [name, value] of other) {
    const mine = (found as Record<string, unknown>)[name]
    if (typeof value === 'number') expect(mine, name).toBeCloseTo(value, digits)
    else if (typeof value === 'object' && value !== null) closeTo(mine as object, value, digits)
    else expect(mine, name).toBe(value)
  }
}

/** The same with its turn as sine and cosine, for turns are the same after a whole one. */
export function unfolded({ turn, ...view }: PlaneView): object {
  return { ...view, cos: Math.cos(turn), sin: Math.sin(turn) }
}
