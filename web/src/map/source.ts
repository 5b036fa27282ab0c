// SPDX-License-Identifier: Apache-2.0
/**
 * Frames of a slide as an OpenLayers source: tile (z, x, y) → frame → bitmap. What leaves the view
 * before it has arrived is cancelled, and asked for anew when it comes back.
 */

import type { ImageLike } from 'ol/DataTile'
import ImageTileSource from 'ol/source/ImageTile'
import type { TileSourceEvent } from 'ol/source/Tile'
import TileState from 'ol/TileState'

import type { SlideKey } from '../api'
import type { Pyramid } from '../dicom/pyramid'
import { preferSharp, slideGrid, slideProjection } from './grid'
import { placeholder } from './placeholder'
import { loadTile } from './tiles'

/** Whether a tile, by its OpenLayers coordinate, is in view. */
export type InView = (z: number, x: number, y: number) => boolean

interface Request {
  readonly z: number
  readonly x: number
  readonly y: number
  readonly controller: AbortController
}

export class SlideSource extends ImageTileSource {
  private readonly requests = new Set<Request>()

  constructor(
    private readonly key: SlideKey,
    private readonly pyramid: Pyramid,
    private readonly onFailure: (error: unknown) => void,
  ) {
    super({
      loader: (z, x, y, { signal }) => this.request(z, x, y, signal),
      projection: slideProjection(pyramid),
      tileGrid: slideGrid(pyramid),
      wrapX: false,
      transition: 0,
      zDirection: preferSharp,
    })
    this.on('tileloaderror', forget)
  }

  /** Cancel the requests of tiles that are out of view. */
  cancelUnseen(inView: InView): void {
    for (const { z, x, y, controller } of this.requests) if (!inView(z, x, y)) controller.abort()
  }

  private async request(
    z: number,
    x: number,
    y: number,
    disposed: AbortSignal,
  ): Promise<ImageLike> {
    const controller = new AbortController()
    const request = { z, x, y, controller }
    this.requests.add(request)
    try {
      return await this.tile(z, x, y, AbortSignal.any([disposed, controller.signal]))
    } finally {
      this.requests.delete(request)
    }
  }

  private async tile(z: number, x: number, y: number, signal: AbortSignal): Promise<ImageLike> {
    const level = this.pyramid.levels[this.pyramid.levels.length - 1 - z]
    if (!level) throw new RangeError(`no level ${z}`)
    const { tileColumns, tileRows } = level.image
    try {
      const bitmap = await loadTile(this.key, level.image, { column: x, row: y }, { signal })
      return bitmap ?? placeholder('missing', tileColumns, tileRows)
    } catch (error) {
      if (signal.aborted) throw error
      this.onFailure(error)
      return placeholder('failed', tileColumns, tileRows)
    }
  }
}

/** Only cancelled tiles end in an error; make them new again, once OpenLayers has counted them. */
function forget({ tile }: TileSourceEvent): void {
  queueMicrotask(() => {
    tile.setState(TileState.IDLE)
  })
}
