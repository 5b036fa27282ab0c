// SPDX-License-Identifier: Apache-2.0
/**
 * Fetching ahead while the reader looks: the tiles around the view, those of the next finer level
 * in its middle, those of the next coarser one around it. Only while nothing else is to be done,
 * within a budget, at low priority; any movement ends it.
 */

import type TileGrid from 'ol/tilegrid/TileGrid'

import type { Extent } from './grid'

/** A tile by OpenLayers' coordinate: level from the coarsest, column, row. */
export type TileCoordinate = readonly [z: number, x: number, y: number]

/** The view has to rest for so long. */
const REST_MS = 350
const MOST_TILES = 40
const MOST_BYTES = 3 * 1024 * 1024
const AT_A_TIME = 2

/** Fetches a tile for later; tells its bytes. */
export type Fetch = (tile: TileCoordinate, signal: AbortSignal) => Promise<number>

/** The tiles worth having next, the likeliest first: neighbours, finer, coarser. */
export function tilesAhead(grid: TileGrid, z: number, view: Extent): TileCoordinate[] {
  const finer = z < grid.getMaxZoom() ? tilesIn(grid, z + 1, scaled(view, 0.5)) : []
  const coarser = z > grid.getMinZoom() ? tilesIn(grid, z - 1, scaled(view, 2)) : []
  return [...neighbours(grid, z, view), ...finer, ...coarser].slice(0, MOST_TILES)
}

/** The ring of tiles around those in view. */
function neighbours(grid: TileGrid, z: number, view: Extent): TileCoordinate[] {
  const within = grid.getTileRangeForExtentAndZ(view, z)
  const full = grid.getFullTileRange(z)
  const ring: TileCoordinate[] = []
  for (let x = within.minX - 1; x <= within.maxX + 1; x++) {
    for (let y = within.minY - 1; y <= within.maxY + 1; y++) {
      if (!within.containsXY(x, y) && full?.containsXY(x, y)) ring.push([z, x, y])
    }
  }
  return fromTheMiddle(ring, within)
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

function fromTheMiddle(tiles: TileCoordinate[], { minX, maxX, minY, maxY }: Range) {
  const [middleX, middleY] = [(minX + maxX) / 2, (minY + maxY) / 2]
  const away = ([, x, y]: TileCoordinate): number => Math.hypot(x - middleX, y - middleY)
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

  constructor(private readonly fetch: Fetch) {}

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
        if (signal.aborted || left <= 0) return
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
