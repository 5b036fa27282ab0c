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
import { t } from '../words'
import { preferSharp, slideGrid, slideProjection, type Extent } from './grid'
import { placeholder, type Gap } from './placeholder'
import type { TileCoordinate } from './prefetch'
import { isUnanswered, Recovery } from './recovery'
import { drawnAs, isAnswered, loadTile, prefetchTile, type Tile } from './tiles'

/** What the source tells: tiles that could not be drawn, and whether the server draws them. */
export interface TileListener {
  readonly onFailure: (error: unknown) => string
  readonly onServerDrawn: (stored: string) => void
  /** All that failed is asked for again. */
  readonly onAgain: () => void
}

/** Whether a tile, by its OpenLayers coordinate, is in view. */
export type InView = (z: number, x: number, y: number) => boolean

/** Gives the picture of a tile; `null` where the slide has no frame for it. */
export type TileLoader = (level: Level, tile: Tile, call: Call) => Promise<ImageLike | null>

/** Fetches what a tile is made of for later; tells its bytes. */
export type AheadLoader = (level: Level, tile: Tile, signal: AbortSignal) => Promise<number>

/** What is done with a tile's picture before it is drawn. */
export type Finish = (picture: ImageLike) => Promise<ImageLike>

/** What of the slide is shown, by its name. */
interface Showing {
  readonly name: string
  readonly load: TileLoader
  readonly ahead: AheadLoader
}

interface Finishing {
  readonly name: string
  readonly finish: Finish | null
}

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
  /** A tile for which there was no answer. */
  private unanswered: TileCoordinate | null = null
  private readonly recovery = new Recovery(
    (signal) => this.isBack(signal),
    () => {
      this.again()
    },
  )
  private shown: Showing
  private finishing: Finishing = { name: '', finish: null }

  constructor(
    private readonly key: SlideKey,
    private readonly pyramid: Pyramid,
    private readonly listener: TileListener,
  ) {
    super({
      loader: (z, x, y, { signal }) => this.request(z, x, y, signal, usual),
      projection: slideProjection(pyramid),
      tileGrid: slideGrid(pyramid),
      wrapX: false,
      transition: 0,
      zDirection: preferSharp,
    })
    const usual: TileLoader = ({ image }, tile, call) => loadTile(this.key, image, tile, call)
    const ahead: AheadLoader = ({ image }, ...of) => prefetchTile(this.key, image, ...of)
    this.shown = { name: '', load: usual, ahead }
    this.on('tileloaderror', forget)
  }

  /** Show something else of the slide, by its name; what was shown stays until that is there. */
  show(name: string, load: TileLoader, ahead: AheadLoader): void {
    this.shown = { name, load, ahead }
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

  /** Whether something is done with each tile. */
  get isFinishing(): boolean {
    return this.finishing.finish !== null
  }

  private renew(): void {
    const { load } = this.shown
    const { finish } = this.finishing
    const finished: TileLoader = async (...wanted) => {
      const picture = await load(...wanted)
      return picture && finish ? finish(picture) : picture
    }
    this.gaps.clear()
    this.recovery.end()
    this.cancelUnseen(() => false)
    this.setLoader((z, x, y, { signal }) => this.request(z, x, y, signal, finished))
    this.setKey(`${this.shown.name} ${this.finishing.name}`)
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

  /** Tiles of a part of the map that are hatched: why, by the tile's name. */
  gapsIn(extent: Extent, resolution: number): (readonly [string, string])[] {
    const grid = this.getTileGrid()
    const z = grid?.getZForResolution(resolution, this.zDirection) ?? 0
    const range = grid?.getTileRangeForExtentAndZ(extent, z)
    return [...this.gaps].filter(([name]) => {
      const [tileZ, x = NaN, y = NaN] = name.split(',').map(Number)
      return tileZ === z && range?.containsXY(x, y)
    })
  }

  /** Ask again for every tile: those that were drawn are kept by their frames. */
  again(): void {
    this.gaps.clear()
    this.recovery.end()
    this.listener.onAgain()
    this.refresh()
  }

  /** Every tile of the view is drawn or hatched. */
  rest(): void {
    this.recovery.rest()
  }

  /** Ask for nothing any longer. */
  stop(): void {
    this.recovery.end()
    this.cancelUnseen(() => false)
  }

  private async isBack(signal: AbortSignal): Promise<boolean> {
    const [z = 0, column = 0, row = 0] = this.unanswered ?? []
    const level = this.levelAt(z)
    return !level || isAnswered(this.key, level.image, { column, row }, signal)
  }

  /** Fetch a tile's frame for later; tells its bytes. */
  async fetchAhead([z, x, y]: TileCoordinate, signal: AbortSignal): Promise<number> {
    const level = this.levelAt(z)
    return level ? this.shown.ahead(level, { column: x, row: y }, signal) : 0
  }

  private levelAt(z: number): Level | null {
    return this.pyramid.levels[this.pyramid.levels.length - 1 - z] ?? null
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
      const signal = AbortSignal.any([disposed, controller.signal])
      return await this.tile([z, x, y], { signal }, load)
    } finally {
      this.requests.delete(request)
    }
  }

  private async tile(at: TileCoordinate, call: Call, load: TileLoader): Promise<ImageLike> {
    const [z, column, row] = at
    const level = this.levelAt(z)
    if (!level) throw new RangeError(`no level ${z}`)
    const gap = (kind: Gap, reason: string): ImageLike => {
      this.gaps.set(String(at), reason)
      return placeholder(kind, level.image.tileColumns, level.image.tileRows)
    }
    try {
      const bitmap = await load(level, { column, row }, call)
      const stored = level.images.map(drawnAs).find((each) => each !== null)
      if (stored) this.listener.onServerDrawn(stored)
      return bitmap ?? gap('missing', t('the slide has no picture of this place'))
    } catch (error) {
      if (call.signal?.aborted) throw error
      if (isUnanswered(error)) {
        this.unanswered = at
        this.recovery.begin()
      }
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
