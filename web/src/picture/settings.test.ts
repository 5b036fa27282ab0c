// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'

import { AS_IT_COMES, formatSettings, isChanged, parseSettings } from './settings'

const ALL = {
  asStored: true,
  profile: false,
  white: [240, 230, 250],
  brightness: -12,
  contrast: 1.5,
  gamma: 0.8,
  saturation: 0,
  stains: { haematoxylin: true, eosin: false, residual: true },
  stainColours: 'slide',
  smooth: false,
} as const

describe('settings of an address', () => {
  test('are left out where all is as it comes', () => {
    expect(formatSettings(AS_IT_COMES)).toBeNull()
    expect(parseSettings(null)).toEqual(AS_IT_COMES)
  })

  test('come back as they were', () => {
    const text = formatSettings(ALL)

    expect(text).toBe(
      'brightness_-12 contrast_1.5 gamma_0.8 saturation_0 stored noprofile ' +
        'white_240_230_250 stains_hr macenko nearest',
    )
    expect(parseSettings(text)).toEqual(ALL)
  })

  test.each([
    ['gamma_0', 'gamma', 0.25],
    ['gamma_NaN', 'gamma', 1],
    ['gamma_', 'gamma', 1],
    ['brightness_1e9', 'brightness', 50],
  ] as const)('that make no sense (%s) stay within bounds', (text, name, expected) => {
    expect(parseSettings(text)[name]).toBe(expected)
  })

  test.each(['white_0_0_0', 'white_1_2', 'white_256_1_1', 'white_1_1_1_1', 'white_a_b_c'])(
    'of an impossible white (%s) are not taken',
    (text) => {
      expect(parseSettings(text).white).toEqual([255, 255, 255])
    },
  )
})

test('a picture as stored is not changed, whatever else is set', () => {
  expect(isChanged(AS_IT_COMES)).toBe(false)
  expect(isChanged({ ...ALL, asStored: false })).toBe(true)
  expect(isChanged(ALL)).toBe(false)
  expect(isChanged({ ...AS_IT_COMES, smooth: false, profile: false })).toBe(false)
})
