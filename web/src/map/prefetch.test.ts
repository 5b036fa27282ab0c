// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import TileGrid from 'ol/tilegrid/TileGrid'

import { Prefetcher, tilesAhead, type TileCoordinate } from './prefetch'

/** 4 x 4 tiles of 100 pixels, and 2 x 2 of a level half as fine. */
const GRID = new TileGrid({
  extent: [0, -400, 400, 0],
  origin: [0, 0],
  resolutions: [2, 1],
  tileSizes: [100, 100],
})

const ALWAYS = (): boolean => true

describe('tilesAhead', () => {
  it('takes the ring around the view, within the slide, nearest first', () => {
    const ahead = tilesAhead(GRID, 1, [110, -190, 190, -110])
    expect(ahead.slice(0, 4).sort()).toEqual([
      [1, 0, 1],
      [1, 1, 0],
      [1, 1, 2],
      [1, 2, 1],
    ])
    expect(ahead.filter(([z]) => z === 1)).toHaveLength(8)
  })

  it('takes those first that lie where the view is heading', () => {
    const ahead = tilesAhead(GRID, 1, [110, -190, 190, -110], { x: 50, y: 0 })
    expect(ahead.slice(0, 3)).toEqual([
      [1, 2, 1],
      [1, 2, 0],
      [1, 2, 2],
    ])
    expect(ahead[5]).toEqual([1, 0, 1])
  })

  it('takes a much coarser level before all, which covers all around', () => {
    const grid = new TileGrid({
      extent: [0, -1600, 1600, 0],
      origin: [0, 0],
      resolutions: [4, 2, 1],
      tileSizes: [100, 100, 100],
    })
    const ahead = tilesAhead(grid, 2, [410, -590, 590, -410])
    expect(ahead.slice(0, 5)).toEqual([
      [0, 0, 0],
      [0, 0, 1],
      [0, 1, 0],
      [0, 1, 1],
      [2, 3, 4],
    ])
  })

  it('leaves out what lies beyond the edge', () => {
    const ahead = tilesAhead(GRID, 1, [10, -90, 90, -10])
    expect(ahead.filter(([z]) => z === 1)).toEqual([
      [1, 0, 1],
      [1, 1, 0],
      [1, 1, 1],
    ])
  })

  it('takes the middle of the next finer level', () => {
    const ahead = tilesAhead(GRID, 0, [0, -400, 400, 0])
    expect(ahead.sort()).toEqual([
      [1, 1, 1],
      [1, 1, 2],
      [1, 2, 1],
      [1, 2, 2],
    ])
  })
})

describe('Prefetcher', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    vi.stubGlobal('document', { hidden: false })
    vi.stubGlobal('navigator', {})
    vi.stubGlobal('requestIdleCallback', (act: () => void) => {
      act()
    })
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })

  const TILES: TileCoordinate[] = [0, 1, 2, 3, 4, 5].map((x) => [1, x, 0])

  it('begins when the view has rested', async () => {
    const fetch = vi.fn(() => Promise.resolve(10))
    new Prefetcher(fetch, ALWAYS).rest(() => TILES)
    await vi.advanceTimersByTimeAsync(349)
    expect(fetch).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(fetch).toHaveBeenCalledTimes(6)
  })

  it('ends when its bytes are spent', async () => {
    const fetch = vi.fn(() => Promise.resolve(1024 * 1024))
    new Prefetcher(fetch, ALWAYS).rest(() => TILES)
    await vi.advanceTimersByTimeAsync(400)
    expect(fetch.mock.calls.length).toBeLessThanOrEqual(4)
  })

  it('ends when nothing more may be fetched ahead', async () => {
    const fetch = vi.fn(() => Promise.resolve(10))
    const prefetcher = new Prefetcher(fetch, () => fetch.mock.calls.length < 3)
    prefetcher.rest(() => TILES)
    await vi.advanceTimersByTimeAsync(400)
    expect(fetch).toHaveBeenCalledTimes(3)
  })

  it('is ended by movement', async () => {
    const signals: AbortSignal[] = []
    const prefetcher = new Prefetcher((_, signal) => {
      signals.push(signal)
      return new Promise(() => undefined)
    }, ALWAYS)
    prefetcher.rest(() => TILES)
    await vi.advanceTimersByTimeAsync(400)
    prefetcher.stop()
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true])
  })

  it('does nothing on a page that nobody sees', async () => {
    vi.stubGlobal('document', { hidden: true })
    const fetch = vi.fn(() => Promise.resolve(1))
    new Prefetcher(fetch, ALWAYS).rest(() => TILES)
    await vi.advanceTimersByTimeAsync(400)
    expect(fetch).not.toHaveBeenCalled()
  })
})
