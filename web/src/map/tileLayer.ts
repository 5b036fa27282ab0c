// SPDX-License-Identifier: Apache-2.0
/** The layer of a slide's tiles, with the blurred whole below them. */

import TileLayer from 'ol/layer/Tile'
import type RenderEvent from 'ol/render/Event'

import type { Pyramid } from '../dicom/pyramid'
import { slideExtent } from './grid'
import type { SlideSource } from './source'
import { drawUnderlay } from './underlay'

/** Decoded tiles kept, in bytes. */
const CACHE_BYTES = 256 * 1024 * 1024

/** The layer of a source; `underlay` gives the whole slide in one picture, once there is one. */
export function tileLayer(
  source: SlideSource,
  pyramid: Pyramid,
  underlay: () => ImageBitmap | null,
): TileLayer<SlideSource> {
  const layer = new TileLayer({
    source,
    extent: slideExtent(pyramid),
    cacheSize: cachedTiles(pyramid),
  })
  layer.on('prerender', (event) => {
    // Where tiles are changed one by one, the picture below them would have other colours.
    const bitmap = source.isFinishing ? null : underlay()
    if (bitmap) drawUnderlay(event, bitmap, pyramid.size)
    smooth(event)
  })
  return layer
}

function cachedTiles(pyramid: Pyramid): number {
  const largest = Math.max(...pyramid.levels.map(({ image }) => image.tileColumns * image.tileRows))
  return Math.min(1024, Math.max(48, Math.floor(CACHE_BYTES / (4 * largest))))
}

/** Between two levels the finer is drawn smaller; a plain bilinear filter would make it sparkle. */
function smooth({ context }: RenderEvent): void {
  if (context instanceof CanvasRenderingContext2D) context.imageSmoothingQuality = 'medium'
}
