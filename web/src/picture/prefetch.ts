// SPDX-License-Identifier: Apache-2.0
/** Fetching what may be wanted next: the same tiles in other focal planes. */

import type OlMap from 'ol/Map'

import type { Level, Pyramid, Sheet } from '../dicom/pyramid'
import type { SlideSource } from '../map/source'
import type { Tile } from '../map/tiles'

export type Prefetch = (sheet: Sheet, level: Level, tile: Tile) => Promise<unknown>

/** Tiles fetched ahead for one view and plane. */
const MOST_AHEAD = 60

/** Fetch tiles of other sheets, in the part of the slide that a map shows. */
export function prefetchAround(
  map: OlMap,
  source: SlideSource,
  pyramid: Pyramid,
  sheets: readonly Sheet[],
  prefetch: Prefetch,
): void {
  const view = map.getView()
  const grid = source.getTileGrid()
  const z = grid?.getZForResolution(view.getResolution() ?? 1, source.zDirection)
  const level = z === undefined ? null : pyramid.levels[pyramid.levels.length - 1 - z]
  if (!grid || z === undefined || !level) return
  const tiles: Tile[] = []
  grid.forEachTileCoord(view.calculateExtent(map.getSize()), z, ([, column = 0, row = 0]) => {
    tiles.push({ column, row })
  })
  if (tiles.length * sheets.length > MOST_AHEAD) return
  for (const sheet of sheets)
    for (const tile of tiles)
      // What fails here is asked for again when it is wanted, and said then.
      prefetch(sheet, level, tile).catch(() => undefined)
}
