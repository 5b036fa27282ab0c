// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'

import { isPart10, uidsOf } from './part10'

const EXPLICIT = '1.2.840.10008.1.2.1'
const text = (value: string): number[] => Array.from(value, (each) => each.charCodeAt(0))
const padded = (value: string): number[] => text(value.length % 2 ? `${value}\0` : value)
const short = (value: number): number[] => [value & 255, value >> 8]
const tag = (group: number, element: number): number[] => [...short(group), ...short(element)]

function explicit(group: number, element: number, vr: string, value: string): number[] {
  const bytes = padded(value)
  return [...tag(group, element), ...text(vr), ...short(bytes.length), ...bytes]
}

function implicit(group: number, element: number, value: string): number[] {
  const bytes = padded(value)
  return [...tag(group, element), ...short(bytes.length), 0, 0, ...bytes]
}

function file(syntax: string, ...dataSet: number[][]): Uint8Array {
  const meta = [explicit(2, 3, 'UI', '1.2.3'), explicit(2, 0x10, 'UI', syntax)]
  return Uint8Array.from([
    ...Array<number>(128).fill(0),
    ...text('DICM'),
    ...meta.flat(),
    ...dataSet.flat(),
  ])
}

const UIDS = [explicit(0x20, 0xd, 'UI', '1.2'), explicit(0x20, 0xe, 'UI', '1.2.9')]
const WHOLE = { instance: '1.2.3', study: '1.2', series: '1.2.9' }

test('a file says which instance it is', () => {
  expect(uidsOf(file(EXPLICIT, explicit(8, 0x60, 'CS', 'SM'), ...UIDS))).toEqual(WHOLE)
  expect(
    uidsOf(
      file(
        '1.2.840.10008.1.2',
        implicit(8, 0x60, 'SM'),
        implicit(0x20, 0xd, '1.2'),
        implicit(0x20, 0xe, '1.2.9'),
      ),
    ),
  ).toEqual(WHOLE)
})

test('a sequence without a length is passed over, with those in it', () => {
  const open = (group: number, element: number): number[] => [
    ...tag(group, element),
    ...text('SQ'),
    0,
    0,
    255,
    255,
    255,
    255,
  ]
  const item = [...tag(0xfffe, 0xe000), 255, 255, 255, 255]
  const [itemEnd, end] = [0xe00d, 0xe0dd].map((each) => [...tag(0xfffe, each), 0, 0, 0, 0])
  const sequence = [
    open(8, 0x1115),
    item,
    open(8, 0x1199),
    end ?? [],
    explicit(0x20, 0xe, 'UI', '9'),
    itemEnd ?? [],
    end ?? [],
  ]

  expect(uidsOf(file(EXPLICIT, ...sequence, ...UIDS))).toEqual(WHOLE)
})

test('what is compressed or cut says at least its own UID', () => {
  const unknown = { instance: '1.2.3', study: null, series: null }

  expect(uidsOf(file('1.2.840.10008.1.2.1.99', ...UIDS))).toEqual(unknown)
  expect(uidsOf(file(EXPLICIT, explicit(8, 0x60, 'CS', 'SM')))).toEqual(unknown)
})

test('other files are none', () => {
  const svs = Uint8Array.from([...text('II*\0'), ...Array<number>(300).fill(1)])

  expect(uidsOf(svs)).toBeNull()
  expect(isPart10(svs)).toBe(false)
  expect(uidsOf(new Uint8Array(3))).toBeNull()
})
