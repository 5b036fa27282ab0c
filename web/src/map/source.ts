// SPDX-License-Identifier: Apache-2.0
/**
 * Frames of a slide as an OpenLayers source: tile (z, x, y) → frame → bitmap. What leaves the view
 * before it has arrived is cancelled, and asked for anew when it comes back.
 */

import type { ImageLike } from 'ol/DataTile'
import ImageTileSource from 'ol/source/ImageTile'
import type { TileSourceEvent } from 'ol/source/Tile'
import TileState from 'ol/TileState'

import type { Call, SlideKey } from '../api'
import type { Level, Pyramid } from '../dicom/pyramid'
import { preferSharp, slideGrid, slideProjection } from './grid'
import { placeholder } from './placeholder'
import { loadTile, type Tile } from './tiles'

/** Whether a tile, by its OpenLayers coordinate, is in view. */
export type InView = (z: number, x: number, y: number) => boolean

/** Gives the picture of a tile; `null` where the slide has no frame for it. */
export type TileLoader = (level: Level, tile: Tile, call: Call) => Promise<ImageLike | null>

/** What is done with a tile's picture before it is drawn. */
export type Finish = (picture: ImageLike) => Promise<ImageLike>

interface Request {
  readonly z: number
  readonly x: number
  readonly y: number
  readonly controller: AbortController
}

export class SlideSource extends ImageTileSource {
  private readonly requests = new Set<Request>()
  private shown: { readonly name: string; readonly load: TileLoader }
  private finishing: { readonly name: string; readonly finish: Finish | null } = {
    name: '',
    finish: null,
  }

  constructor(
    private readonly key: SlideKey,
    private readonly pyramid: Pyramid,
    private readonly onFailure: (error: unknown) => void,
  ) {
    super({
      loader: (z, x, y, { signal }) => this.request(z, x, y, signal, usual),
      projection: slideProjection(pyramid),
      tileGrid: slideGrid(pyramid),
      wrapX: false,
      transition: 0,
      zDirection: preferSharp,
    })
    const usual: TileLoader = (level, tile, call) => loadTile(this.key, level.image, tile, call)
    this.shown = { name: '', load: usual }
    this.on('tileloaderror', forget)
  }

  /** Show something else of the slide, by its name; what was shown stays until that is there. */
  show(name: string, load: TileLoader): void {
    this.shown = { name, load }
    this.renew()
  }

  /** What is shown, by its name. */
  get shownName(): string {
    return this.shown.name
  }

  /** Do something with each tile before it is drawn, by its name; `null` for nothing. */
  finishWith(name: string, finish: Finish | null): void {
    if (name === this.finishing.name) return
    this.finishing = { name, finish }
    this.renew()
  }

  private renew(): void {
    const { load } = this.shown
    const { finish } = this.finishing
    const finished: TileLoader = async (...wanted) => {
      const picture = await load(...wanted)
      return picture && finish ? finish(picture) : picture
    }
    this.cancelUnseen(() => false)
    this.setLoader((z, x, y, { signal }) => this.request(z, x, y, signal, finished))
    this.setKey(`${this.shown.name} ${this.finishing.name}`)
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
    load: TileLoader,
  ): Promise<ImageLike> {
    const controller = new AbortController()
    const request = { z, x, y, controller }
    this.requests.add(request)
    try {
      return await this.tile(
        z,
        x,
        y,
        { signal: AbortSignal.any([disposed, controller.signal]) },
        load,
      )
    } finally {
      this.requests.delete(request)
    }
  }

  private async tile(
    z: number,
    x: number,
    y: number,
    call: Call,
    load: TileLoader,
  ): Promise<ImageLike> {
    const level = this.pyramid.levels[this.pyramid.levels.length - 1 - z]
    if (!level) throw new RangeError(`no level ${z}`)
    const { tileColumns, tileRows } = level.image
    try {
      const bitmap = await load(level, { column: x, row: y }, call)
      return bitmap ?? placeholder('missing', tileColumns, tileRows)
    } catch (error) {
      if (call.signal?.aborted) throw error
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
