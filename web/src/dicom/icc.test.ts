// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'

import { profileDescription } from './icc'

/** A profile with one tag, its data at byte 144. */
function profile(tag: string, data: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(144 + data.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(128, 1)
  bytes.set(codes(tag), 132)
  view.setUint32(136, 144)
  view.setUint32(140, data.length)
  bytes.set(data, 144)
  return bytes
}

function codes(value: string): number[] {
  return Array.from(value, (character) => character.charCodeAt(0))
}

test('a description of version 2 is read', () => {
  const data = [...codes('desc'), 0, 0, 0, 0, 0, 0, 0, 8, ...codes('ScanSco\0')]

  expect(profileDescription(profile('desc', data))).toBe('ScanSco')
})

test('a description of version 4 is read', () => {
  const name = codes('sRGB').flatMap((code) => [0, code])
  const record = [...codes('enUS'), 0, 0, 0, 8, 0, 0, 0, 28]
  const data = [...codes('mluc'), 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 12, ...record, ...name]

  expect(profileDescription(profile('desc', data))).toBe('sRGB')
})

test('a profile without description, or cut short, has none', () => {
  expect(profileDescription(profile('wtpt', [1, 2, 3, 4]))).toBeNull()
  expect(profileDescription(new Uint8Array(20))).toBeNull()
  expect(profileDescription(profile('desc', codes('desc')))).toBeNull()
})
