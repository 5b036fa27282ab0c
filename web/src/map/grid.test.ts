// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'

import { imagesOf } from '../dicom/image'
import type { DataSet } from '../dicom/json'
import { pyramidOf } from '../dicom/pyramid'
import { instance } from '../dicom/samples'
import { slideExtent, slideGrid } from './grid'

function pyramid(...instances: DataSet[]) {
  const built = pyramidOf(imagesOf(instances))
  if (!built) throw new Error('no pyramid')
  return built
}

describe('a tile grid', () => {
  const levels = pyramid(
    instance({ uid: '1', columns: 4000, rows: 2400, tile: 512 }),
    instance({ uid: '2', columns: 1000, rows: 600, tile: 256 }),
  )

  test('counts levels from the coarsest, each with its own tile size', () => {
    const grid = slideGrid(levels)

    expect(grid.getResolutions()).toEqual([4, 1])
    expect([grid.getTileSize(0), grid.getTileSize(1)]).toEqual([
      [256, 256],
      [512, 512],
    ])
  })

  test('has the slide below the origin', () => {
    expect(slideExtent(levels)).toEqual([0, -2400, 4000, 0])
    expect(slideGrid(levels).getTileCoordExtent([1, 1, 2])).toEqual([512, -1536, 1024, -1024])
  })

  test('covers the slide with the tiles it has', () => {
    const range = slideGrid(levels).getFullTileRange(0)

    expect([range?.minX, range?.maxX, range?.minY, range?.maxY]).toEqual([0, 3, 0, 2])
  })

  test('stretches the tiles of oblong pixels', () => {
    expect(slideGrid(pyramid(instance({ spacing: [0.001, 0.0005] }))).getTileSize(0)).toEqual([
      256, 512,
    ])
  })
})
