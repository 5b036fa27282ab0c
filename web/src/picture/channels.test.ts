// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'

import type { OpticalPath } from '../dicom/opticalPath'
import { formatChannels, inGrey, parseChannels, usualChannels } from './channels'
import { composed, cropped, percentiles } from './compose'

function path(given: Partial<OpticalPath>): OpticalPath {
  return {
    identifier: '1',
    name: null,
    isFluorescence: true,
    colour: null,
    wavelength: null,
    profile: null,
    ...given,
  }
}

describe('channels', () => {
  test('have the colour of the slide, or else of their light, or else of the palette', () => {
    const paths = [path({ colour: [1, 2, 3] }), path({ wavelength: 520 }), path({})]

    expect(usualChannels(paths).map(({ colour }) => colour)).toEqual([
      [1, 2, 3],
      [0, 220, 80],
      [255, 60, 40],
    ])
  })

  test('that do not glow are seen one at a time, the first in grey', () => {
    const dark = path({ isFluorescence: false })

    expect(usualChannels([dark, dark])).toMatchObject([
      { colour: [255, 255, 255], isVisible: true },
      { colour: [0, 220, 80], isVisible: false },
    ])
  })

  test('of an address come back as they were', () => {
    const usual = usualChannels([path({}), path({}), path({})])
    const changed = usual.map((channel, index) =>
      index === 1
        ? { ...channel, window: [20, 3000] as const, gamma: 1.5, isVisible: false }
        : channel,
    )

    const text = formatChannels(changed, usual)

    expect(text).toBe('2_00dc50_20-3000_1.5_off')
    expect(parseChannels(text, usual)).toEqual(changed)
    expect(formatChannels(usual, usual)).toBeNull()
  })

  test('of an address that make no sense stay as they come', () => {
    const usual = usualChannels([path({})])

    expect(parseChannels('9_ffffff_auto_1 1_red_auto_1 x', usual)).toEqual(usual)
    expect(parseChannels('1_ffffff_9-3_99', usual)[0]).toMatchObject({ window: null, gamma: 4 })
  })

  test('in grey are shown one at a time', () => {
    const grey = inGrey(usualChannels([path({}), path({})]))

    expect(grey.map(({ isVisible }) => isVisible)).toEqual([true, false])
  })
})

describe('light of channels', () => {
  const layer = { isInverted: false, gamma: 1 }

  test('is windowed, coloured and added', () => {
    const first = new Uint8Array(new Uint16Array([100, 600, 1100, 5000]).buffer)
    const second = Uint8Array.of(0, 255, 51, 0)

    const rgba = composed(
      [
        { ...layer, bytes: first, bits: 16, colour: [255, 0, 0], window: [100, 1100] },
        { ...layer, bytes: second, bits: 8, colour: [100, 200, 0], window: [0, 255] },
      ],
      4,
    )

    expect([...(rgba ?? [])]).toEqual([
      0, 0, 0, 255, 228, 200, 0, 255, 255, 40, 0, 255, 255, 0, 0, 255,
    ])
  })

  test('of an inverted channel is that of the dark', () => {
    const bytes = Uint8Array.of(0, 255)
    const inverted = { ...layer, isInverted: true, bytes, bits: 8, window: [0, 255] } as const

    expect([...(composed([{ ...inverted, colour: [9, 9, 9] }], 2) ?? [])]).toEqual([
      9, 9, 9, 255, 0, 0, 0, 255,
    ])
    // The window is of stored values, as it was estimated of these.
    const bright = { ...inverted, bytes: Uint8Array.of(10, 20), window: [10, 20] } as const
    expect([...(composed([{ ...bright, colour: [9, 9, 9] }], 2) ?? [])]).toEqual([
      9, 9, 9, 255, 0, 0, 0, 255,
    ])
  })

  test('that is missing is not made up', () => {
    const none = { ...layer, bytes: null, bits: 8, colour: [9, 9, 9], window: [0, 255] } as const

    expect(composed([none], 2)).toBeNull()
    expect(composed([{ ...none, bytes: new Uint8Array(1) }], 2)).toBeNull()
  })
})

describe('a window', () => {
  test('holds nearly all values', () => {
    const values = Uint16Array.from({ length: 10000 }, (_, index) => index)
    values[0] = 65535

    expect(percentiles([[new Uint8Array(values.buffer), 16]])).toEqual([10, 9990])
  })

  test('of one value is not empty', () => {
    expect(percentiles([[new Uint8Array(50).fill(7), 8]])).toEqual([7, 8])
    expect(percentiles([])).toBeNull()
  })

  test('leaves out what fills a frame up', () => {
    const frame = Uint8Array.of(1, 2, 0, 3, 4, 0, 0, 0, 0)

    expect([...cropped(frame, 8, 3, 2, 2)]).toEqual([1, 2, 3, 4])
  })
})
