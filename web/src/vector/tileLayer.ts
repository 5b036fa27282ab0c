// SPDX-License-Identifier: Apache-2.0
/**
 * A layer of tiles that are painted, by a worker, when they come into view. Panning moves pictures
 * that are there already, so that its cost does not grow with the number of shapes.
 */

import TileLayer from 'ol/layer/Tile'
import ImageTileSource from 'ol/source/ImageTile'
import TileGrid from 'ol/tilegrid/TileGrid'

import type { Pyramid } from '../dicom/pyramid'
import { preferSharp, slideProjection } from '../map/grid'
import type { TileRect } from './paint'

export const TILE_PX = 512
const CLOSEST = 1 / 8

/** Paints a tile; `null` where nothing lies on it. */
export type Painter = (rect: TileRect, signal: AbortSignal) => Promise<ImageBitmap | null>

/** Rows of level 0 are this much higher than its columns are wide. */
export function aspectOf({ size, levels }: Pyramid): number {
  return size.height / levels[0].image.rows
}

/** What a tile shows where nothing lies on it. */
const clear = createImageBitmap(new ImageData(1, 1))

class PaintedSource extends ImageTileSource {
  private version = 0

  constructor(pyramid: Pyramid, paint: Painter) {
    const resolutions = resolutionsOf(pyramid)
    const aspect = aspectOf(pyramid)
    super({
      loader: async (z, x, y, { signal }) => {
        const resolution = resolutions[z] ?? 1
        const picture = await paint(
          {
            left: x * TILE_PX * resolution,
            top: (y * TILE_PX * resolution) / aspect,
            scaleX: 1 / resolution,
            scaleY: aspect / resolution,
            size: TILE_PX,
          },
          signal,
        )
        return picture ?? (await clear)
      },
      projection: slideProjection(pyramid),
      tileGrid: new TileGrid({ origin: [0, 0], resolutions, tileSize: TILE_PX }),
      wrapX: false,
      transition: 0,
      zDirection: preferSharp,
    })
  }

  /** Paint anew; what was painted stays until then. */
  repaint(): void {
    this.setKey(String(++this.version))
  }
}

export type PaintedLayer = TileLayer<PaintedSource>

export function paintedLayer(pyramid: Pyramid, paint: Painter, zIndex: number): PaintedLayer {
  return new TileLayer({
    source: new PaintedSource(pyramid, paint),
    zIndex,
    cacheSize: 128,
    preload: 0,
  })
}

/** Powers of two, from the whole slide in one tile to eight screen pixels per stored one. */
function resolutionsOf({ size }: Pyramid): number[] {
  const coarsest = 2 ** Math.ceil(Math.log2(Math.max(size.width, size.height) / TILE_PX) + 1)
  const resolutions: number[] = []
  for (let each = Math.max(1, coarsest); each >= CLOSEST; each /= 2) resolutions.push(each)
  return resolutions
}
