// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'

import { cellsOf, dividersOf, gridOf, movedLine, sharesOf } from './layout'

const splitOf = (panes: number, isTall = false) => {
  const { columns, rows } = gridOf(panes, isTall)
  return { columns: sharesOf([], columns), rows: sharesOf([], rows) }
}

describe('the screen', () => {
  it('is shared in full by the panes', () => {
    for (const isTall of [false, true])
      for (const panes of [1, 2, 3, 4]) {
        const cells = cellsOf(panes, splitOf(panes, isTall))
        const area = cells.reduce((sum, { width, height }) => sum + width * height, 0)
        expect(area).toBeCloseTo(1, 9)
      }
  })

  it('is split beside each other, one below the other on a tall one, four in a square', () => {
    expect(cellsOf(2, splitOf(2))[1]).toEqual({
      left: 0.5,
      top: 0,
      width: 0.5,
      height: 1,
    })
    expect(cellsOf(2, splitOf(2, true))[1]).toEqual({
      left: 0,
      top: 0.5,
      width: 1,
      height: 0.5,
    })
    expect(cellsOf(4, splitOf(4))[2]).toEqual({
      left: 0,
      top: 0.5,
      width: 0.5,
      height: 0.5,
    })
    expect(dividersOf(splitOf(3)).map(({ between, index }) => [between, index])).toEqual([
      ['columns', 0],
      ['columns', 1],
    ])
    expect(dividersOf(splitOf(4)).map(({ between, at }) => [between, at])).toEqual([
      ['columns', 0.5],
      ['rows', 0.5],
    ])
  })
})

describe('a line', () => {
  it('moves between its neighbours and leaves both some room', () => {
    expect(movedLine([0.5, 0.5], 0, 0.3)).toEqual([0.3, 0.7])
    expect(movedLine([0.5, 0.5], 0, 0)).toEqual([0.12, 0.88])
    const [first, second, third] = movedLine([0.25, 0.25, 0.5], 1, 0.9)
    expect([first, second, third].map((share) => Number(share?.toFixed(9)))).toEqual([
      0.25, 0.63, 0.12,
    ])
  })

  it('has shares that do not fit made equal', () => {
    expect(sharesOf([0.2, 0.8], 3)).toEqual([1 / 3, 1 / 3, 1 / 3])
    expect(sharesOf([1, 3], 2)).toEqual([0.25, 0.75])
  })
})
