// SPDX-License-Identifier: Apache-2.0
/**
 * A pyramid as an OpenLayers tile grid. Map units are columns of level 0, x to the right; y of
 * the map points up, so the slide lies below the origin. OpenLayers counts levels from the
 * coarsest (z = 0); DICOM levels here count from the finest.
 */

import Projection from 'ol/proj/Projection'
import TileGrid from 'ol/tilegrid/TileGrid'

import type { Pyramid } from '../dicom/pyramid'

export type Extent = [number, number, number, number]

/** The slide's place on the map. */
export function slideExtent({ size }: Pyramid): Extent {
  return [0, -size.height, size.width, 0]
}

/** A flat projection: the slide is no part of the globe. */
export function slideProjection(pyramid: Pyramid): Projection {
  return new Projection({
    code: 'slide',
    units: 'pixels',
    extent: slideExtent(pyramid),
    global: false,
  })
}

/** The pyramid's tile grid. A tile's height is in map units, so oblong pixels come out right. */
export function slideGrid(pyramid: Pyramid): TileGrid {
  const levels = [...pyramid.levels].reverse()
  return new TileGrid({
    extent: slideExtent(pyramid),
    origin: [0, 0],
    resolutions: levels.map((level) => level.downsample),
    tileSizes: levels.map(({ image, downsample, downsampleDown }) => [
      image.tileColumns,
      (image.tileRows * downsampleDown) / downsample,
    ]),
  })
}

/**
 * Whether a view takes the coarser of two levels: only where that level has nearly enough pixels
 * for the screen, for tissue is read sharp. Positive means coarser, as OpenLayers asks.
 */
export function preferSharp(resolution: number, coarser: number): number {
  return resolution / devicePixelRatio - 0.8 * coarser
}
