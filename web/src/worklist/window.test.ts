// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'

import { rowFor, rowsDrawn, scrollFor } from './window'

test('the rows in sight are drawn, and some beyond', () => {
  expect(rowsDrawn(0, 480, 100_000)).toEqual({ first: 0, last: 17 })
  expect(rowsDrawn(4800, 480, 100_000)).toEqual({ first: 92, last: 117 })
  expect(rowsDrawn(0, 480, 3)).toEqual({ first: 0, last: 2 })
  expect(rowsDrawn(0, 480, 0)).toEqual({ first: 0, last: -1 })
})

test('no more is scrolled than a row needs', () => {
  expect(scrollFor(3, 0, 480)).toBe(0)
  expect(scrollFor(10, 0, 480)).toBe(48)
  expect(scrollFor(1, 480, 480)).toBe(48)
})

test.each([
  ['ArrowDown', 5, 6],
  ['ArrowUp', 0, 0],
  ['PageDown', 5, 14],
  ['Home', 5, 0],
  ['End', 5, 99],
  ['ArrowDown', 99, 99],
  ['a', 5, null],
])('%s from %d leads to %s', (key, from, to) => {
  expect(rowFor(key, from, 100, 480)).toBe(to)
})
