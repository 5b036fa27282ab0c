// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'

import { identity } from './samples'
import { cases } from './tray'

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
