// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'

import { declareRgb } from './jpeg'

const SOI = [0xff, 0xd8]
const DQT = [0xff, 0xdb, 0, 4, 1, 2]
const SOS = [0xff, 0xda, 0, 2]
const APP14 = [0xff, 0xee, 0, 14, 65, 100, 111, 98, 101, 0, 100, 0, 0, 0, 0, 0]
const JFIF = [0xff, 0xe0, 0, 4, 74, 70]

function declared(...bytes: number[]): number[] {
  return declareRgb(new Uint8Array(bytes)).flatMap((part) => [...part])
}

test('RGB without a marker for colour gets one, right after the start', () => {
  expect(declared(...SOI, ...DQT, ...SOS, 7)).toEqual([...SOI, ...APP14, ...DQT, ...SOS, 7])
})

test('a JPEG that states its colours is left alone', () => {
  expect(declared(...SOI, ...APP14, ...SOS)).toEqual([...SOI, ...APP14, ...SOS])
  expect(declared(...SOI, ...DQT, ...JFIF, ...SOS)).toEqual([...SOI, ...DQT, ...JFIF, ...SOS])
})

test('a marker within the scan is none', () => {
  expect(declared(...SOI, ...SOS, ...APP14)).toEqual([...SOI, ...APP14, ...SOS, ...APP14])
})

test('what is no JPEG is left alone', () => {
  expect(declared(1, 2, 3)).toEqual([1, 2, 3])
})
