// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'

import { framePlace, imagesOf, tileCounts } from './image'
import { instance } from './samples'

describe('images of a series', () => {
  test('each flavour is told apart, LOCALIZER being an overview', () => {
    const images = imagesOf([
      instance({ uid: '1', flavour: 'LABEL' }),
      instance({ uid: '2', flavour: 'LOCALIZER' }),
      instance({ uid: '3', flavour: 'volume' }),
      instance({ uid: '4', flavour: 'OTHER' }),
    ])

    expect(images.map((image) => image.flavour)).toEqual(['LABEL', 'OVERVIEW', 'VOLUME'])
  })

  test('spacing is row first', () => {
    const [image] = imagesOf([instance({ spacing: [0.0005, 0.00025] })])

    expect(image?.spacing).toEqual({ row: 0.0005, column: 0.00025 })
  })

  test('without spacing, or with a spacing of zero, there is none', () => {
    expect(imagesOf([instance()])[0]?.spacing).toBeNull()
    expect(imagesOf([instance({ spacing: [0, 0] })])[0]?.spacing).toBeNull()
  })

  test('the parts of a concatenation are one image, whose frames are counted through', () => {
    const part = (uid: string, offset: number, frames: number) =>
      instance({
        uid,
        frames,
        more: { '00209161': { Value: ['9.9'] }, '00209228': { Value: [offset] } },
      })

    const images = imagesOf([part('1.2', 5, 7), part('1.1', 0, 5)])

    expect(images).toHaveLength(1)
    const [image] = images
    if (!image) throw new Error('no image')
    expect(framePlace(image, 0, 0)).toEqual({ sopInstanceUid: '1.1', frameNumber: 1 })
    expect(framePlace(image, 0, 1)).toEqual({ sopInstanceUid: '1.1', frameNumber: 5 })
    expect(framePlace(image, 1, 1)).toEqual({ sopInstanceUid: '1.2', frameNumber: 1 })
    expect(framePlace(image, 3, 2)).toEqual({ sopInstanceUid: '1.2', frameNumber: 7 })
    expect(framePlace(image, 4, 2)).toBeNull()
  })

  test('tiles at the edges count', () => {
    const [image] = imagesOf([instance()])

    expect(image && tileCounts(image)).toEqual({ across: 4, down: 3 })
  })

  test('an instance without a size is no image', () => {
    expect(imagesOf([{ '00080018': { Value: ['1'] } }])).toEqual([])
  })
})
