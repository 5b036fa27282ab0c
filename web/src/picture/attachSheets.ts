// SPDX-License-Identifier: Apache-2.0
/**
 * Focal planes, optical paths and channels on a map: what is chosen is what the slide's layer
 * draws. A slide in colour of one plane and one path needs none of this.
 */

import { effect } from '@preact/signals'
import type OlMap from 'ol/Map'
import { unByKey } from 'ol/Observable'

import type { Sheet } from '../dicom/pyramid'
import { attach, type Standing } from '../map/attachments'
import { slideLayer } from '../map/slideLayer'
import { SlideSource, type AheadLoader, type TileLoader } from '../map/source'
import { channelsOf, estimatedWindows, hasChannels, keepEstimate } from './channelState'
import type { ChannelTiles, ShownChannel } from './channelTiles'
import { focusByWheel } from './focusByWheel'
import { prefetchAround, type Prefetch } from './prefetch'
import { pathOf, planeOf, sheetOf } from './sheets'

attach((standing) => {
  const source = slideLayer(standing.map)?.getSource()
  const { pyramid } = standing.slide
  const { heights, paths } = pyramid
  const isPlain = heights.length === 1 && paths.length === 1 && !hasChannels(pyramid)
  if (isPlain || !(source instanceof SlideSource)) return () => undefined
  const stop = hasChannels(pyramid) ? followChannels(source, standing) : follow(source, standing)
  const unsay = saying(standing.map, source)
  const leave = heights.length > 1 ? focusing(standing.map, standing) : () => undefined
  return () => {
    stop()
    leave()
    unsay()
  }
}, true)

/** Say on the stage what is drawn, for whoever looks at the page from outside. */
function saying(map: OlMap, source: SlideSource): () => void {
  let drawn = ''
  const keys = [
    map.on('postrender', () => {
      drawn = source.getKey()
    }),
    map.on('rendercomplete', () => {
      const stage = map.getTargetElement()
      if (stage && drawn === source.getKey()) stage.dataset.sheet = source.shownName
    }),
  ]
  return () => {
    unByKey(keys)
  }
}

/** Show the chosen plane and path of a slide in colour. */
function follow(source: SlideSource, { map, key, slide }: Standing): () => void {
  const { pyramid } = slide
  const tiles = import('./sheetTiles').then(({ SheetTiles }) => new SheetTiles(key))
  const stop = effect(() => {
    const sheet = sheetOf(pyramid)
    const load: TileLoader = async (...wanted) => (await tiles).loader(sheet)(...wanted)
    const ahead: AheadLoader = async (...wanted) => (await tiles).ahead(sheet)(...wanted)
    source.show(`path ${pathOf(pyramid)} plane ${planeOf(pyramid)}`, load, ahead)
  })
  const prefetch: Prefetch = async (sheet, level, tile) =>
    (await tiles).prefetch(sheet, level, tile)
  return both(stop, prefetching(map, source, slide, [pathOf(pyramid)], prefetch))
}

/** Show the channels of a slide of grey values. */
function followChannels(source: SlideSource, { map, key, slide }: Standing): () => void {
  const tiles = import('./channelTiles').then((module) => new module.ChannelTiles(key))
  const windows = estimatedOnce(slide, tiles)
  const stop = effect(() => {
    const [channels, estimate] = [channelsOf(slide), estimatedWindows(slide)]
    const shown = channels.flatMap((channel, path) =>
      channel.isVisible ? [{ ...channel, sheet: sheetOf(slide.pyramid, path), path }] : [],
    )
    const load: TileLoader = async (...wanted) => {
      const known = estimate ?? (await windows)
      const windowed: ShownChannel[] = shown.map((channel) => ({
        ...channel,
        window: channel.window ?? known[channel.path] ?? [0, 1],
      }))
      return (await tiles).loader(windowed)(...wanted)
    }
    const ahead: AheadLoader = async (...wanted) => (await tiles).ahead(shown)(...wanted)
    source.show(JSON.stringify(shown), load, ahead)
  })
  const all = slide.pyramid.paths.map((_, path) => path)
  const prefetch: Prefetch = async (sheet, level, tile) =>
    (await tiles).prefetch(sheet, level, tile)
  return both(stop, prefetching(map, source, slide, all, prefetch))
}

async function estimatedOnce(
  slide: Standing['slide'],
  tiles: Promise<ChannelTiles>,
): Promise<readonly (readonly [number, number])[]> {
  const known = estimatedWindows(slide)
  if (known) return known
  const found = await (await tiles).estimate(slide.pyramid)
  keepEstimate(slide, found)
  return found
}

/** Fetch the planes above and below what is in view, once that is drawn. */
function prefetching(
  map: OlMap,
  source: SlideSource,
  { pyramid }: Standing['slide'],
  paths: readonly number[],
  prefetch: Prefetch,
): () => void {
  if (pyramid.heights.length === 1) return () => undefined
  const key = map.on('rendercomplete', () => {
    const near: Sheet[] = [-1, 1].flatMap((above) =>
      paths.map((path) => sheetOf(pyramid, path, above)),
    )
    prefetchAround(map, source, pyramid, near, prefetch)
  })
  return () => {
    unByKey(key)
  }
}

function focusing(map: OlMap, { slide }: Standing): () => void {
  const interaction = focusByWheel(slide.pyramid)
  map.addInteraction(interaction)
  const stop = effect(() => {
    const stage = map.getTargetElement()
    // What is shown, for whoever looks at the page from outside.
    if (stage) stage.dataset.plane = String(planeOf(slide.pyramid) + 1)
  })
  return () => {
    stop()
    map.removeInteraction(interaction)
  }
}

function both(one: () => void, other: () => void): () => void {
  return () => {
    one()
    other()
  }
}
