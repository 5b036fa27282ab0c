// SPDX-License-Identifier: Apache-2.0
/** The layer on which a map draws its slide. */

import TileLayer from 'ol/layer/Tile'
import type OlMap from 'ol/Map'

import { SlideSource } from './source'

/** The lowest layer that draws frames of a slide. */
export function slideLayer(map: OlMap): TileLayer | null {
  for (const layer of map.getLayers().getArray())
    if (layer instanceof TileLayer && layer.getSource() instanceof SlideSource) return layer
  return null
}
