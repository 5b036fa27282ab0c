// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'

import { imagesOf } from './image'
import { pyramidOf, sliceOf } from './pyramid'
import { instance } from './samples'

/** A linear segment from black to a value (PS3.3 C.7.9.2). */
function palette(value: number): { InlineBinary: string } {
  const words = Uint16Array.of(0, 1, 0, 1, 65535, value * 257)
  return { InlineBinary: Buffer.from(words.buffer).toString('base64') }
}

function optical(identifier: string, more: object = {}): object {
  return { '00480106': { Value: [identifier] }, ...more }
}

const STACK = {
  '00480302': { Value: [2] },
  '00480303': { Value: [3] },
  '00480105': {
    Value: [
      optical('A', {
        '00480107': { Value: ['DAPI'] },
        '00220016': { Value: [{ '00080100': { Value: ['111743'] } }] },
        '00220055': { Value: [358] },
        '00480120': {
          Value: [{ '00281221': palette(0), '00281222': palette(114), '00281223': palette(255) }],
        },
      }),
      optical('2'),
    ],
  },
  '52009229': {
    Value: [{ '00289110': { Value: [{ '00180088': { Value: [0.002] } }] } }],
  },
}

describe('optical paths and focal planes', () => {
  test('are told by the finest level', () => {
    const pyramid = pyramidOf(imagesOf([instance({ frames: 72, more: STACK })]))

    expect(pyramid?.heights).toEqual([0, 2, 4])
    expect(pyramid?.paths).toMatchObject([
      {
        identifier: 'A',
        name: 'DAPI',
        isFluorescence: true,
        wavelength: 358,
        colour: [0, 114, 255],
      },
      { identifier: '2', name: null, isFluorescence: false, wavelength: null, colour: null },
    ])
  })

  test('have the colour at the end of a table that is no line', () => {
    const table = (last: number): object => ({
      InlineBinary: Buffer.from(Uint16Array.of(0, 300, last * 257).buffer).toString('base64'),
    })
    const palette = { '00281201': table(255), '00281202': table(128), '00281203': table(0) }
    const more = { '00480105': { Value: [optical('A', { '00480120': { Value: [palette] } })] } }

    expect(pyramidOf(imagesOf([instance({ more })]))?.paths[0]?.colour).toEqual([255, 128, 0])
  })

  test('that are kept in images of their own are one level', () => {
    const channel = (uid: string, path: string) =>
      instance({ uid, more: { '00480105': { Value: [optical(path)] } } })

    const pyramid = pyramidOf(imagesOf([channel('1', 'A'), channel('2', 'B')]))
    const level = pyramid?.levels[0]

    expect(pyramid?.levels).toHaveLength(1)
    expect(pyramid?.paths.map(({ identifier }) => identifier)).toEqual(['A', 'B'])
    expect(level && sliceOf(level, { path: 'B', height: 0 })?.image.parts[0]?.sopInstanceUid).toBe(
      '2',
    )
    expect(level && sliceOf(level, { path: 'C', height: 0 })).toBeNull()
  })

  test('of planes that a level lacks the nearest is taken', () => {
    const level = pyramidOf(imagesOf([instance({ frames: 72, more: STACK })]))?.levels[0]

    expect(level && sliceOf(level, { path: '2', height: 3.5 })?.slice).toEqual({
      path: 1,
      plane: 2,
    })
  })
})
