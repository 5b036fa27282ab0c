// SPDX-License-Identifier: Apache-2.0
/**
 * Where each frame of a segmentation or parametric map lies. A channel is a segment; an image
 * without segments has channel 1. Of several focal planes the middle one is shown.
 */

import { item, items, number, text, type DataSet } from '../dicom/json'
import { between, type Affine } from './affine'

export interface PlacedFrame {
  /** Counts from 1. */
  readonly number: number
  readonly channel: number
  /** Columns and rows to the left of and above it. */
  readonly left: number
  readonly top: number
}

export interface FrameImage {
  readonly sopInstanceUid: string
  readonly dataSet: DataSet
  /** Of the total pixel matrix: frames at its edges reach beyond. */
  readonly columns: number
  readonly rows: number
  readonly tileColumns: number
  readonly tileRows: number
  readonly bitsAllocated: number
  /** From its pixels to those of the slide's level 0. */
  readonly toBase: Affine
  /** Level-0 pixels per pixel. */
  readonly downsample: number
  readonly frames: readonly PlacedFrame[]
}

/** Lay an image on a slide; `null` where either does not say where it lies. */
export function frameImage(
  dataSet: DataSet,
  base: DataSet,
  channels: readonly number[],
): FrameImage | null {
  const [tileColumns, tileRows] = [number(dataSet, 'Columns'), number(dataSet, 'Rows')]
  const sopInstanceUid = text(dataSet, 'SOPInstanceUID')
  const toBase = between(dataSet, base)
  if (!tileColumns || !tileRows || !sopInstanceUid || !toBase) return null
  return {
    sopInstanceUid,
    dataSet,
    columns: number(dataSet, 'TotalPixelMatrixColumns') ?? tileColumns,
    rows: number(dataSet, 'TotalPixelMatrixRows') ?? tileRows,
    tileColumns,
    tileRows,
    bitsAllocated: number(dataSet, 'BitsAllocated') ?? 1,
    toBase,
    downsample: Math.hypot(toBase.a, toBase.b),
    frames: placedFrames(dataSet, tileColumns, tileRows, channels),
  }
}

function placedFrames(
  dataSet: DataSet,
  tileColumns: number,
  tileRows: number,
  channels: readonly number[],
): PlacedFrame[] {
  const perFrame = items(dataSet, 'PerFrameFunctionalGroupsSequence')
  const stated = perFrame.length > 0 && 'left' in placeOf(perFrame[0] ?? {})
  if (text(dataSet, 'DimensionOrganizationType') !== 'TILED_FULL' && stated)
    return ofMiddlePlane(perFrame)
  const columns = number(dataSet, 'TotalPixelMatrixColumns') ?? tileColumns
  const rows = number(dataSet, 'TotalPixelMatrixRows') ?? tileRows
  const [across, down] = [Math.ceil(columns / tileColumns), Math.ceil(rows / tileRows)]
  const planes = number(dataSet, 'TotalPixelMatrixFocalPlanes') ?? 1
  const middle = Math.floor((planes - 1) / 2)
  // Tiles row by row, then planes, then channels (PS3.3 C.7.6.17.3).
  return channels.flatMap((channel, index) =>
    Array.from({ length: across * down }, (_, tile) => ({
      number: (index * planes + middle) * across * down + tile + 1,
      channel,
      left: (tile % across) * tileColumns,
      top: Math.floor(tile / across) * tileRows,
    })),
  )
}

function ofMiddlePlane(perFrame: readonly DataSet[]): PlacedFrame[] {
  const placed = perFrame.map((group, index) => ({
    number: index + 1,
    channel: number(item(group, 'SegmentIdentificationSequence'), 'ReferencedSegmentNumber') ?? 1,
    ...placeOf(group),
  }))
  const heights = [...new Set(placed.map(({ height }) => height))].sort((a, b) => a - b)
  const shown = heights[Math.floor((heights.length - 1) / 2)]
  return placed.flatMap(({ height, left, top, ...rest }) =>
    height === shown && left !== undefined ? [{ ...rest, left, top }] : [],
  )
}

function placeOf(
  group: DataSet,
): { height: number; left: number; top: number } | { height: number; left?: never; top?: never } {
  const position = item(group, 'PlanePositionSlideSequence')
  const left = number(position, 'ColumnPositionInTotalImagePixelMatrix')
  const top = number(position, 'RowPositionInTotalImagePixelMatrix')
  const height = number(position, 'ZOffsetInSlideCoordinateSystem') ?? 0
  return left === null || top === null ? { height } : { height, left: left - 1, top: top - 1 }
}
