// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'

import { done, redone, undone } from '../history'
import { added, EMPTY, removed, reshaped, withoutPoint } from './history'

const A = { x: 0, y: 0 }
const B = { x: 3, y: 4 }

describe('history', () => {
  const one = added(EMPTY, { kind: 'length', points: [A, B] })
  const two = added(one, { kind: 'polyline', points: [A, B, A] })

  it('numbers measures and keeps numbers apart', () => {
    expect(two.present.map(({ id }) => id)).toEqual([1, 2])
    expect(
      added(removed(two, 1), { kind: 'count', points: [A] }).present.map(({ id }) => id),
    ).toEqual([2, 3])
  })

  it('undoes and does again, step by step', () => {
    expect(undone(two).present).toEqual(one.present)
    expect(redone(undone(two)).present).toEqual(two.present)
    expect(undone(undone(undone(two))).present).toEqual([])
    expect(redone(two).present).toEqual(two.present)
  })

  it('forgets what was undone when something else is done', () => {
    const other = removed(undone(two), 1)
    expect(redone(other).present).toEqual([])
  })

  it('moves a point', () => {
    const moved = done(
      one,
      reshaped(one.present, 1, ([first = A]) => [first, { x: 6, y: 8 }]),
    )
    expect(moved.present[0]?.points).toEqual([A, { x: 6, y: 8 }])
    expect(undone(moved).present[0]?.points).toEqual([A, B])
  })

  it('takes a point out, where enough are left', () => {
    expect(withoutPoint(two, 2, 1).present[1]?.points).toEqual([A, A])
    expect(withoutPoint(two, 1, 0)).toBe(two)
  })
})
