// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'

import {
  date,
  grouped,
  length,
  patientLine,
  physicalSize,
  pixelSize,
  slideName,
  times,
} from './format'
import { identity } from './samples'

const plain = (value: string): string => value.replace(/[\u2009\u202f]/g, ' ')

test('numbers have their units and groups', () => {
  expect(plain(length(250))).toBe('250 µm')
  expect(plain(length(1000))).toBe('1 mm')
  expect(plain(length(0.5))).toBe('0.5 µm')
  expect(plain(grouped(1234567))).toBe('1 234 567')
  expect(plain(pixelSize({ width: 20000, height: 999 }))).toBe('20 000 × 999 px')
  expect(plain(physicalSize({ width: 2220, height: 2967 }, 0.499))).toBe('1.11 × 1.48 mm')
  expect(times(12.345)).toBe('12.3×')
  expect(times(20.0)).toBe('20×')
})

test('dates are written from the largest part to the smallest', () => {
  expect(date('20260314')).toBe('2026-03-14')
  expect(date('20260314150926.535+0100')).toBe('2026-03-14 15:09')
  expect(date('unknown')).toBe('unknown')
})

test('a slide is called by its container, else its series, else the end of its UID', () => {
  expect(slideName(identity({ containerIdentifier: 'S26-1-A', seriesDescription: 'HE' }))).toBe(
    'S26-1-A',
  )
  expect(slideName(identity({ seriesDescription: 'HE' }))).toBe('HE')
  expect(slideName(identity({ seriesInstanceUid: '1.2.3456789' }))).toBe('slide …456789')
})

test('who is not named is anonymous', () => {
  expect(patientLine(identity({}))).toBe('anonymous')
  expect(patientLine(identity({ patientName: 'Doe, Jane', patientId: 'P1' }))).toBe(
    'Doe, Jane · P1',
  )
})
