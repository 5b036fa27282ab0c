// SPDX-License-Identifier: Apache-2.0
/**
 * Fetching ahead while the reader looks: a few tiles of a coarser level, which blur over whatever
 * comes next, those around the view, first where it is heading, and those of the next finer level
 * in its middle. Only while nothing else is to be done, within a budget, at low priority; any
 * movement ends it.
 */

import type TileGrid from 'ol/tilegrid/TileGrid'

import type { Point } from '../dicom/geometry'
import type { Extent } from './grid'
import { mayFetchAhead } from './tiles'

/** Heading nowhere. */
const STILL: Point = { x: 0, y: 0 }

/** A tile by OpenLayers' coordinate: level from the coarsest, column, row. */
export type TileCoordinate = readonly [z: number, x: number, y: number]

/** The view has to rest for so long. */
const REST_MS = 350
const MOST_TILES = 40
const MOST_BYTES = 3 * 1024 * 1024
const AT_A_TIME = 2
/** Tiles of a level so much coarser cover all around the view for a quarter of its bytes. */
const COARSER = 3

/** Fetches a tile for later; tells its bytes. */
export type Fetch = (tile: TileCoordinate, signal: AbortSignal) => Promise<number>

/** The tiles worth having next, the likeliest first: coarser, neighbours, finer. */
export function tilesAhead(
  grid: TileGrid,
  z: number,
  view: Extent,
  heading: Point = STILL,
): TileCoordinate[] {
  const cover = coarserLevel(grid, z)
  const coarser = cover === null ? [] : tilesIn(grid, cover, scaled(view, 2))
  const finer = z < grid.getMaxZoom() ? tilesIn(grid, z + 1, scaled(view, 0.5)) : []
  return [...coarser, ...neighbours(grid, z, view, heading), ...finer].slice(0, MOST_TILES)
}

/** The finest level that is so much coarser, if there is one. */
function coarserLevel(grid: TileGrid, z: number): number | null {
  const wanted = COARSER * grid.getResolution(z)
  for (let coarser = z - 1; coarser >= grid.getMinZoom(); coarser--)
    if (grid.getResolution(coarser) >= wanted) return coarser
  return null
}

/** The ring of tiles around those in view. */
function neighbours(grid: TileGrid, z: number, view: Extent, heading: Point): TileCoordinate[] {
  const within = grid.getTileRangeForExtentAndZ(view, z)
  const full = grid.getFullTileRange(z)
  const ring: TileCoordinate[] = []
  for (let x = within.minX - 1; x <= within.maxX + 1; x++) {
    for (let y = within.minY - 1; y <= within.maxY + 1; y++) {
      if (!within.containsXY(x, y) && full?.containsXY(x, y)) ring.push([z, x, y])
    }
  }
  return fromTheMiddle(ring, within, heading)
}

function tilesIn(grid: TileGrid, z: number, extent: Extent): TileCoordinate[] {
  const range = grid.getTileRangeForExtentAndZ(extent, z)
  const full = grid.getFullTileRange(z)
  const tiles: TileCoordinate[] = []
  for (let x = range.minX; x <= range.maxX; x++) {
    for (let y = range.minY; y <= range.maxY; y++) {
      if (full?.containsXY(x, y)) tiles.push([z, x, y])
    }
  }
  return fromTheMiddle(tiles, range)
}

type Range = Pick<
  ReturnType<TileGrid['getTileRangeForExtentAndZ']>,
  'minX' | 'maxX' | 'minY' | 'maxY'
>

/** The nearest to the middle first; what lies ahead counts as nearer, what lies behind as farther. */
function fromTheMiddle(
  tiles: TileCoordinate[],
  { minX, maxX, minY, maxY }: Range,
  heading: Point = STILL,
): TileCoordinate[] {
  const [middleX, middleY] = [(minX + maxX) / 2, (minY + maxY) / 2]
  const long = Math.hypot(heading.x, heading.y) || 1
  const away = ([, x, y]: TileCoordinate): number => {
    const [right, down] = [x - middleX, y - middleY]
    return Math.hypot(right, down) - (right * heading.x + down * heading.y) / long
  }
  return tiles.sort((a, b) => away(a) - away(b))
}

function scaled([left, bottom, right, top]: Extent, factor: number): Extent {
  const [x, y] = [(left + right) / 2, (bottom + top) / 2]
  const [w, h] = [((right - left) / 2) * factor, ((top - bottom) / 2) * factor]
  return [x - w, y - h, x + w, y + h]
}

/** Fetches ahead when the view rests, until it moves. */
export class Prefetcher {
  private controller: AbortController | null = null

  /** `may` tells whether anything may be fetched ahead. */
  constructor(
    private readonly fetch: Fetch,
    private readonly may: () => boolean = mayFetchAhead,
  ) {}

  /** The view rests: begin after a while, once until it moves. */
  rest(tiles: () => readonly TileCoordinate[]): void {
    if (this.controller || document.hidden || savesData()) return
    const controller = new AbortController()
    this.controller = controller
    setTimeout(() => {
      whenIdle(() => {
        if (!controller.signal.aborted) void this.run(tiles(), controller.signal)
      })
    }, REST_MS)
  }

  /** The view moves: what is under way is of no use. */
  stop(): void {
    this.controller?.abort()
    this.controller = null
  }

  private async run(tiles: readonly TileCoordinate[], signal: AbortSignal): Promise<void> {
    let left = MOST_BYTES
    const queue = tiles.values()
    const worker = async (): Promise<void> => {
      for (const tile of queue) {
        if (signal.aborted || left <= 0 || !this.may()) return
        const bytes = await this.fetch(tile, signal)
        left -= bytes
      }
    }
    // What cannot be had ahead is asked for again, and told, when it is in view.
    await Promise.allSettled(Array.from({ length: AT_A_TIME }, worker))
  }
}

function whenIdle(act: () => void): void {
  if ('requestIdleCallback' in globalThis) requestIdleCallback(act, { timeout: 2000 })
  else act()
}

function savesData(): boolean {
  const { connection } = navigator as { connection?: { saveData?: boolean } }
  return connection?.saveData ?? false
}
