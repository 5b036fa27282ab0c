// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'

import { imagesOf } from './image'
import type { DataSet } from './json'
import { pyramidOf } from './pyramid'
import { instance } from './samples'

function downsamples(instances: readonly DataSet[]): number[] | undefined {
  return pyramidOf(imagesOf(instances))?.levels.map((level) => level.downsample)
}

describe('a pyramid', () => {
  test('has its finest level first, in whatever order the instances come', () => {
    expect(
      downsamples([
        instance({ uid: '1', columns: 250, rows: 150 }),
        instance({ uid: '2', columns: 4000, rows: 2400 }),
        instance({ uid: '3', columns: 1000, rows: 600 }),
      ]),
    ).toEqual([1, 4, 16])
  })

  test('takes the ratio that rounding of a size conceals', () => {
    expect(
      downsamples([
        instance({ uid: '1', columns: 2220, rows: 2967, spacing: [0.000499, 0.000499] }),
        instance({ uid: '2', columns: 277, rows: 370, spacing: [0.003992, 0.003992] }),
      ]),
    ).toEqual([1, 8])
    expect(
      downsamples([
        instance({ uid: '1', columns: 2220, rows: 2967 }),
        instance({ uid: '2', columns: 277, rows: 370 }),
      ]),
    ).toEqual([1, 8])
  })

  test('takes the sizes where the spacing contradicts them', () => {
    expect(
      downsamples([
        instance({ uid: '1', spacing: [0.0005, 0.0005] }),
        instance({ uid: '2', columns: 500, rows: 300, spacing: [0.0005, 0.0005] }),
      ]),
    ).toEqual([1, 2])
  })

  test('leaves out an image of another shape', () => {
    expect(
      downsamples([instance({ uid: '1' }), instance({ uid: '2', columns: 500, rows: 500 })]),
    ).toEqual([1])
  })

  test('makes oblong pixels square', () => {
    const pyramid = pyramidOf(imagesOf([instance({ spacing: [0.001, 0.0005] })]))

    expect(pyramid?.size).toEqual({ width: 1000, height: 1200 })
    expect(pyramid?.levels[0].downsampleDown).toBe(2)
    expect(pyramid?.mpp).toBe(0.5)
  })

  test('without spacing is not calibrated', () => {
    expect(pyramidOf(imagesOf([instance()]))?.mpp).toBeNull()
  })

  test('needs a volume image', () => {
    expect(pyramidOf(imagesOf([instance({ flavour: 'LABEL' })]))).toBeNull()
  })
})
