// SPDX-License-Identifier: Apache-2.0
/**
 * Which frame holds which tile. A TILED_FULL image lists its frames in a fixed order (PS3.3
 * C.7.6.17.3: columns, rows, planes, paths); a TILED_SPARSE one states each frame's place. Unless
 * told otherwise, the first path and the middle plane are meant.
 */

import { item, items, number, text, type DataSet } from './json'

/** Tiles of one plane of one path, counted from 0 at the top left. */
export interface TileGridSize {
  readonly tileColumns: number
  readonly tileRows: number
  readonly columns: number
  readonly rows: number
}

/** A focal plane of an optical path of an image, each counted from 0 in the image's own order. */
export interface Slice {
  readonly path: number
  readonly plane: number
}

/** The frame number (from 1, over all parts of a concatenation) of a tile; `null` where absent. */
export type FrameAt = (column: number, row: number, slice?: Slice) => number | null

/** The frames of an image, and what they are of. */
export interface Frames {
  readonly frameAt: FrameAt
  /** Identifiers of its optical paths; `null` where they are not told. */
  readonly paths: readonly (string | null)[]
  /** Heights of its focal planes in micrometres, the lowest first. */
  readonly heights: readonly number[]
}

/** How many planes and paths an image has whose frames are all there. */
export interface Counts {
  readonly planes: number
  readonly paths: number
}

/** Frames of an image whose frames are all there, in order. */
export function fullFrames(
  size: TileGridSize,
  { planes }: Counts,
  numberOfFrames: number,
): FrameAt {
  const across = Math.ceil(size.columns / size.tileColumns)
  const down = Math.ceil(size.rows / size.tileRows)
  return (column, row, { path, plane } = { path: 0, plane: middle(planes) }) => {
    if (column < 0 || column >= across || row < 0 || row >= down) return null
    const first = (path * planes + plane) * across * down
    const frame = first + row * across + column + 1
    return frame <= numberOfFrames ? frame : null
  }
}

/**
 * Frames of an image that states each frame's place.
 *
 * @param perFrame items of Per-Frame Functional Groups, in order over all parts
 * @param shared what they leave out, being the same of all
 */
export function sparseFrames(
  size: TileGridSize,
  perFrame: readonly DataSet[],
  shared: DataSet = {},
): Frames {
  const placed = perFrame.map((group, index) => placeOf(group, shared, index + 1, size))
  const paths = [...new Set(placed.map((frame) => frame.path))]
  const heights = [...new Set(placed.map((frame) => frame.z))].sort((a, b) => a - b)
  const frames = new Map<string, number>()
  for (const { path, z, tile, number: frame } of placed)
    frames.set(`${paths.indexOf(path)},${heights.indexOf(z)},${tile}`, frame)
  const usual = { path: 0, plane: middle(heights.length) }
  return {
    frameAt: (column, row, { path, plane } = usual) =>
      frames.get(`${path},${plane},${column},${row}`) ?? null,
    paths,
    heights,
  }
}

/** The middle of so many planes, counted from 0; the lower of two. */
export function middle(planes: number): number {
  return Math.max(0, Math.floor((planes - 1) / 2))
}

interface PlacedFrame {
  readonly number: number
  readonly tile: string
  readonly z: number
  readonly path: string | null
}

function placeOf(
  group: DataSet,
  shared: DataSet,
  frameNumber: number,
  size: TileGridSize,
): PlacedFrame {
  const position = item(group, 'PlanePositionSlideSequence')
  const column =
    ((number(position, 'ColumnPositionInTotalImagePixelMatrix') ?? 1) - 1) / size.tileColumns
  const row = ((number(position, 'RowPositionInTotalImagePixelMatrix') ?? 1) - 1) / size.tileRows
  return {
    number: frameNumber,
    // A frame off the grid gets a key that no tile asks for: not shown, rather than misplaced.
    tile: `${column},${row}`,
    z: number(position, 'ZOffsetInSlideCoordinateSystem') ?? 0,
    path: pathOf(group) ?? pathOf(shared),
  }
}

/** The optical path that functional groups name. */
export function pathOf(groups: DataSet): string | null {
  return text(items(groups, 'OpticalPathIdentificationSequence')[0] ?? {}, 'OpticalPathIdentifier')
}
