// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'

import { fullFrames, sparseFrames } from './frames'
import type { DataSet } from './json'

/** 3 by 2 tiles, the last of each row and column not full. */
const SIZE = { tileColumns: 256, tileRows: 200, columns: 700, rows: 300 }
const ONE = { planes: 1, paths: 1 }

function placed(column: number, row: number, z = 0, path = '1'): DataSet {
  return {
    '0048021A': {
      Value: [
        {
          '0048021E': { Value: [column] },
          '0048021F': { Value: [row] },
          '0040074A': { Value: [z] },
        },
      ],
    },
    '00480207': { Value: [{ '00480106': { Value: [path] } }] },
  }
}

describe('frames of a full image', () => {
  test('go along the rows', () => {
    const frameAt = fullFrames(SIZE, ONE, 6)

    expect([frameAt(0, 0), frameAt(2, 0), frameAt(0, 1), frameAt(2, 1)]).toEqual([1, 3, 4, 6])
  })

  test('beyond the image there are none', () => {
    const frameAt = fullFrames(SIZE, ONE, 6)

    expect([frameAt(3, 0), frameAt(0, 2), frameAt(-1, 0)]).toEqual([null, null, null])
  })

  test('of a stack of three planes the middle one is shown', () => {
    const frameAt = fullFrames(SIZE, { planes: 3, paths: 1 }, 18)

    expect([frameAt(0, 0), frameAt(2, 1)]).toEqual([7, 12])
  })

  test('of another plane or path come after those before it', () => {
    const frameAt = fullFrames(SIZE, { planes: 3, paths: 2 }, 36)

    expect(frameAt(0, 0, { path: 0, plane: 0 })).toBe(1)
    expect(frameAt(1, 0, { path: 0, plane: 2 })).toBe(14)
    expect(frameAt(2, 1, { path: 1, plane: 2 })).toBe(36)
  })

  test('that the image does not hold are absent', () => {
    expect(fullFrames(SIZE, ONE, 4)(1, 1)).toBeNull()
  })
})

describe('frames of a sparse image', () => {
  test('lie where they say', () => {
    const { frameAt } = sparseFrames(SIZE, [placed(257, 201), placed(1, 1), placed(513, 1)])

    expect([frameAt(1, 1), frameAt(0, 0), frameAt(2, 0)]).toEqual([1, 2, 3])
  })

  test('that were not stored are absent', () => {
    expect(sparseFrames(SIZE, [placed(1, 1)]).frameAt(1, 0)).toBeNull()
  })

  test('are of the first path and the middle plane', () => {
    const { frameAt, paths, heights } = sparseFrames(SIZE, [
      placed(1, 1, 0),
      placed(1, 1, 5),
      placed(1, 1, 10),
      placed(1, 1, 5, '2'),
    ])

    expect(frameAt(0, 0)).toBe(2)
    expect(frameAt(0, 0, { path: 0, plane: 2 })).toBe(3)
    expect(frameAt(0, 0, { path: 1, plane: 1 })).toBe(4)
    expect(frameAt(0, 0, { path: 1, plane: 0 })).toBeNull()
    expect([paths, heights]).toEqual([
      ['1', '2'],
      [0, 5, 10],
    ])
  })

  test('off the grid are not shown in a wrong place', () => {
    const { frameAt } = sparseFrames(SIZE, [placed(100, 1)])

    expect([frameAt(0, 0), frameAt(1, 0)]).toEqual([null, null])
  })
})
