// SPDX-License-Identifier: Apache-2.0
/**
 * Which frame holds which tile. A TILED_FULL image lists its frames in a fixed order (PS3.3
 * C.7.6.17.3: columns, rows, planes, paths); a TILED_SPARSE one states each frame's place. One
 * optical path and one focal plane are shown: the first path, the middle plane.
 */

import { item, items, number, text, type DataSet } from './json'

/** Tiles of one plane of one path, counted from 0 at the top left. */
export interface TileGridSize {
  readonly tileColumns: number
  readonly tileRows: number
  readonly columns: number
  readonly rows: number
}

/** The frame number (from 1, over all parts of a concatenation) of a tile; `null` where absent. */
export type FrameAt = (column: number, row: number) => number | null

/** Frames of an image whose frames are all there, in order. */
export function fullFrames(size: TileGridSize, planes: number, numberOfFrames: number): FrameAt {
  const across = Math.ceil(size.columns / size.tileColumns)
  const down = Math.ceil(size.rows / size.tileRows)
  const first = middle(planes) * across * down
  return (column, row) => {
    if (column < 0 || column >= across || row < 0 || row >= down) return null
    const frame = first + row * across + column + 1
    return frame <= numberOfFrames ? frame : null
  }
}

/**
 * Frames of an image that states each frame's place.
 *
 * @param perFrame items of Per-Frame Functional Groups, in order over all parts
 */
export function sparseFrames(size: TileGridSize, perFrame: readonly DataSet[]): FrameAt {
  const placed = perFrame.map((group, index) => placeOf(group, index + 1, size))
  const path = placed[0]?.path ?? null
  const onPath = placed.filter((frame) => frame.path === path)
  const heights = [...new Set(onPath.map((frame) => frame.z))].sort((a, b) => a - b)
  const height = heights[middle(heights.length)]
  const frames = new Map<string, number>()
  for (const frame of onPath) if (frame.z === height) frames.set(frame.tile, frame.number)
  return (column, row) => frames.get(`${column},${row}`) ?? null
}

function middle(planes: number): number {
  return Math.max(0, Math.floor((planes - 1) / 2))
}

interface PlacedFrame {
  readonly number: number
  readonly tile: string
  readonly z: number
  readonly path: string | null
}

function placeOf(group: DataSet, frameNumber: number, size: TileGridSize): PlacedFrame {
  const position = item(group, 'PlanePositionSlideSequence')
  const column =
    ((number(position, 'ColumnPositionInTotalImagePixelMatrix') ?? 1) - 1) / size.tileColumns
  const row = ((number(position, 'RowPositionInTotalImagePixelMatrix') ?? 1) - 1) / size.tileRows
  return {
    number: frameNumber,
    // A frame off the grid gets a key that no tile asks for: not shown, rather than misplaced.
    tile: `${column},${row}`,
    z: number(position, 'ZOffsetInSlideCoordinateSystem') ?? 0,
    path: text(items(group, 'OpticalPathIdentificationSequence')[0] ?? {}, 'OpticalPathIdentifier'),
  }
}
