// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'

import type { Samples } from './image'
import { toRgba } from './native'

const RGB: Samples = {
  photometricInterpretation: 'RGB',
  samplesPerPixel: 3,
  bitsAllocated: 8,
  planarConfiguration: 0,
  isSigned: false,
}

test('interleaved RGB gets an opaque alpha', () => {
  expect([...(toRgba(new Uint8Array([1, 2, 3, 4, 5, 6]), 2, 1, RGB) ?? [])]).toEqual([
    1, 2, 3, 255, 4, 5, 6, 255,
  ])
})

test('planes are interleaved', () => {
  const planes = { ...RGB, planarConfiguration: 1 }

  expect([...(toRgba(new Uint8Array([1, 4, 2, 5, 3, 6]), 2, 1, planes) ?? [])]).toEqual([
    1, 2, 3, 255, 4, 5, 6, 255,
  ])
})

test('grey is the same in each sample, and MONOCHROME1 is inverted', () => {
  const grey = { ...RGB, samplesPerPixel: 1, photometricInterpretation: 'MONOCHROME2' }

  expect([...(toRgba(new Uint8Array([9]), 1, 1, grey) ?? [])]).toEqual([9, 9, 9, 255])
  const inverted = { ...grey, photometricInterpretation: 'MONOCHROME1' }
  expect([...(toRgba(new Uint8Array([9]), 1, 1, inverted) ?? [])]).toEqual([246, 246, 246, 255])
})

test('a frame that is too short or of another kind is not drawn', () => {
  expect(toRgba(new Uint8Array(5), 2, 1, RGB)).toBeNull()
  expect(toRgba(new Uint8Array(12), 2, 1, { ...RGB, bitsAllocated: 16 })).toBeNull()
  expect(
    toRgba(new Uint8Array(6), 2, 1, { ...RGB, photometricInterpretation: 'PALETTE COLOR' }),
  ).toBeNull()
})
