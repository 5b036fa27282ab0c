// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'

import { identity } from './samples'
import { cases, matching, neighbour } from './tray'

describe('search', () => {
  const müller = identity({
    patientName: 'Müller, Ana',
    accessionNumber: 'S26-17',
    containerIdentifier: 'A1',
  })
  const doe = identity({
    patientName: 'Doe, Jane',
    studyDate: '20260314',
    scanner: 'Aperio GT 450',
  })

  test.each([
    ['', [müller, doe]],
    ['muller', [müller]],
    ['MÜL s26', [müller]],
    ['2026-03 aperio', [doe]],
    ['doe a1', []],
  ])('%j keeps what has every word', (words, kept) => {
    expect(matching([müller, doe], words)).toEqual(kept)
  })
})

test('cases come newest first, their slides in natural order', () => {
  const slide = (study: string, day: string, container: string) =>
    identity({ studyInstanceUid: study, studyDate: day, containerIdentifier: container })

  const found = cases([
    slide('1', '20250101', 'A10'),
    slide('2', '20260101', 'B'),
    slide('1', '20250101', 'A2'),
  ])

  expect(found.map((each) => each.study)).toEqual(['2', '1'])
  expect(found[1]?.slides.map((each) => each.containerIdentifier)).toEqual(['A2', 'A10'])
})

describe('arrow keys', () => {
  /** Three cards above two. */
  const boxes = [
    { left: 0, top: 0 },
    { left: 100, top: 0 },
    { left: 200, top: 0 },
    { left: 0, top: 300 },
    { left: 100, top: 300 },
  ]

  test.each([
    [0, 'ArrowRight', 1],
    [4, 'ArrowRight', 4],
    [3, 'ArrowLeft', 2],
    [0, 'ArrowLeft', 0],
    [1, 'ArrowDown', 4],
    [2, 'ArrowDown', 4],
    [3, 'ArrowUp', 0],
    [1, 'ArrowUp', 1],
    [-1, 'ArrowDown', 0],
  ])('from %d %s leads to %d', (from, key, to) => {
    expect(neighbour(boxes, from, key)).toBe(to)
  })
})
