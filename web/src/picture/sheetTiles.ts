// SPDX-License-Identifier: Apache-2.0
/** Tiles of a slide in colour that has several focal planes or optical paths; loaded with those. */

import type { SlideKey } from '../api'
import { sliceOf, type Level, type Sheet } from '../dicom/pyramid'
import type { AheadLoader, TileLoader } from '../map/source'
import { loadTile, prefetchTile, type Tile } from '../map/tiles'
import { FrameCache } from './frameCache'

/** Tiles kept: those of a screen, with its neighbours above and below. */
const MOST_KEPT = 240

export class SheetTiles {
  private readonly cache = new FrameCache<ImageBitmap | null>(MOST_KEPT)

  constructor(private readonly key: SlideKey) {}

  /** The tiles of a plane and path. */
  loader(sheet: Sheet): TileLoader {
    return (level, tile, call) => this.tile(sheet, level, tile, call)
  }

  /** Fetching the frames of a plane and path for later. */
  ahead(sheet: Sheet): AheadLoader {
    return async (level, tile, signal) => {
      const found = sliceOf(level, sheet)
      return found
        ? prefetchTile(this.key, found.image, { ...tile, slice: found.slice }, signal)
        : 0
    }
  }

  /** Fetch a tile that may soon be wanted. */
  prefetch(sheet: Sheet, level: Level, tile: Tile): Promise<unknown> {
    return this.tile(sheet, level, tile, { priority: 'low' })
  }

  private async tile(
    sheet: Sheet,
    level: Level,
    { column, row }: Tile,
    call: Parameters<typeof loadTile>[3],
  ): Promise<ImageBitmap | null> {
    const found = sliceOf(level, sheet)
    if (!found) return null
    const { image, slice } = found
    const uid = image.parts[0]?.sopInstanceUid ?? ''
    const name = [uid, slice.path, slice.plane, column, row].join()
    return this.cache.get(name, () => loadTile(this.key, image, { column, row, slice }, call))
  }
}
