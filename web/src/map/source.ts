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
import type { TiledImage } from '../dicom/image'
import type { Pyramid } from '../dicom/pyramid'
import { t } from '../words'
import { preferSharp, slideGrid, slideProjection } from './grid'
import { placeholder, type Gap } from './placeholder'
import type { TileCoordinate } from './prefetch'
import { loadTile, prefetchTile, storedAs } from './tiles'

/** What the source tells: tiles that could not be drawn, and whether the server draws them. */
export interface TileListener {
  readonly onFailure: (error: unknown) => string
  readonly onServerDrawn: (stored: string) => void
}

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
  /** Why a tile is hatched. */
  private readonly gaps = new Map<string, string>()

  constructor(
    private readonly key: SlideKey,
    private readonly pyramid: Pyramid,
    private readonly listener: TileListener,
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

  /** Why the tile at a place of the map is hatched; `null` where it is not. */
  gapAt([x = 0, y = 0]: readonly number[], resolution: number): string | null {
    const grid = this.getTileGrid()
    const z = grid?.getZForResolution(resolution, this.zDirection) ?? 0
    return this.gaps.get(String(grid?.getTileCoordForCoordAndZ([x, y], z))) ?? null
  }

  /** Ask again for every tile: those that were drawn are kept by their frames. */
  again(): void {
    this.gaps.clear()
    this.refresh()
  }

  /** Fetch a tile's frame for later; tells its bytes. */
  async fetchAhead([z, x, y]: TileCoordinate, signal: AbortSignal): Promise<number> {
    const image = this.imageAt(z)
    return image ? prefetchTile(this.key, image, { column: x, row: y }, signal) : 0
  }

  private imageAt(z: number): TiledImage | null {
    return this.pyramid.levels[this.pyramid.levels.length - 1 - z]?.image ?? null
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
    const image = this.imageAt(z)
    if (!image) throw new RangeError(`no level ${z}`)
    const gap = (kind: Gap, reason: string): ImageLike => {
      this.gaps.set(String([z, x, y]), reason)
      return placeholder(kind, image.tileColumns, image.tileRows)
    }
    try {
      const bitmap = await loadTile(this.key, image, { column: x, row: y }, { signal })
      const stored = storedAs(image)
      if (stored !== null) this.listener.onServerDrawn(stored)
      return bitmap ?? gap('missing', t('the slide has no picture of this place'))
    } catch (error) {
      if (signal.aborted) throw error
      return gap('failed', this.listener.onFailure(error))
    }
  }
}

/** Only cancelled tiles end in an error; make them new again, once OpenLayers has counted them. */
function forget({ tile }: TileSourceEvent): void {
  queueMicrotask(() => {
    tile.setState(TileState.IDLE)
  })
}
