// SPDX-License-Identifier: Apache-2.0
/**
 * One tiled image of a slide: a level, a label, an overview or a thumbnail. It may be kept in
 * several instances (a concatenation, PS3.3 C.7.6.16.2.2.4), whose frames are counted through.
 */

import { fullFrames, pathOf, sparseFrames, type Frames, type Slice } from './frames'
import type { SpacingMm } from './geometry'
import { item, items, number, numbers, text, texts, type DataSet } from './json'

/** Image Type value 3 (PS3.3 C.8.12.4.1.1). */
export type Flavour = 'VOLUME' | 'LABEL' | 'OVERVIEW' | 'THUMBNAIL'

/** An instance and the frames that it holds. */
export interface Part {
  readonly sopInstanceUid: string
  readonly frameOffset: number
  readonly numberOfFrames: number
}

/** How a frame's samples are to be read. */
export interface Samples {
  readonly photometricInterpretation: string
  readonly samplesPerPixel: number
  readonly bitsAllocated: number
  readonly planarConfiguration: number
  readonly isSigned: boolean
}

export interface TiledImage extends Frames {
  readonly flavour: Flavour
  /** Total Pixel Matrix Columns and Rows. */
  readonly columns: number
  readonly rows: number
  /** Columns and Rows of a frame. */
  readonly tileColumns: number
  readonly tileRows: number
  readonly spacing: SpacingMm | null
  readonly samples: Samples
  readonly parts: readonly Part[]
  /** The first part's attributes. */
  readonly dataSet: DataSet
}

/** The instance and frame number within it. */
export interface FramePlace {
  readonly sopInstanceUid: string
  readonly frameNumber: number
}

/** Collect a series' instances into images, in the order of their instance numbers. */
export function imagesOf(instances: readonly DataSet[]): TiledImage[] {
  const groups = new Map<string, DataSet[]>()
  for (const instance of [...instances].sort(byInstanceNumber)) {
    const key = text(instance, 'ConcatenationUID') ?? text(instance, 'SOPInstanceUID') ?? ''
    groups.set(key, [...(groups.get(key) ?? []), instance])
  }
  return [...groups.values()].map(imageOf).filter((image) => image !== null)
}

/** Where the frame of a tile is kept; `null` where the image has none there. */
export function framePlace(
  image: TiledImage,
  column: number,
  row: number,
  slice?: Slice,
): FramePlace | null {
  const frame = image.frameAt(column, row, slice)
  if (frame === null) return null
  const part = image.parts.find(
    ({ frameOffset, numberOfFrames }) =>
      frame > frameOffset && frame <= frameOffset + numberOfFrames,
  )
  return part
    ? { sopInstanceUid: part.sopInstanceUid, frameNumber: frame - part.frameOffset }
    : null
}

/** Tiles across and down. */
export function tileCounts(image: TiledImage): { across: number; down: number } {
  return {
    across: Math.ceil(image.columns / image.tileColumns),
    down: Math.ceil(image.rows / image.tileRows),
  }
}

function imageOf(group: readonly DataSet[]): TiledImage | null {
  const instances = [...group].sort(byFrameOffset)
  const [first] = instances
  if (!first) return null
  const parts = instances.map(partOf)
  const size = sizeOf(first)
  const flavour = flavourOf(first)
  if (!size || !flavour || parts.some((part) => !part.sopInstanceUid)) return null
  return {
    flavour,
    ...size,
    spacing: spacingOf(first),
    samples: samplesOf(first),
    parts,
    ...framesOf(instances, parts, size),
    dataSet: first,
  }
}

type ImageSize = Pick<TiledImage, 'columns' | 'rows' | 'tileColumns' | 'tileRows'>

function sizeOf(instance: DataSet): ImageSize | null {
  const tileColumns = number(instance, 'Columns')
  const tileRows = number(instance, 'Rows')
  const columns = number(instance, 'TotalPixelMatrixColumns') ?? tileColumns
  const rows = number(instance, 'TotalPixelMatrixRows') ?? tileRows
  if (!tileColumns || !tileRows || !columns || !rows) return null
  return { columns, rows, tileColumns, tileRows }
}

function flavourOf(instance: DataSet): Flavour | null {
  const value = texts(instance, 'ImageType')[2]?.toUpperCase()
  if (value === 'VOLUME' || value === 'LABEL' || value === 'OVERVIEW' || value === 'THUMBNAIL') {
    return value
  }
  return value === 'LOCALIZER' ? 'OVERVIEW' : null
}

function partOf(instance: DataSet): Part {
  return {
    sopInstanceUid: text(instance, 'SOPInstanceUID') ?? '',
    frameOffset: number(instance, 'ConcatenationFrameOffsetNumber') ?? 0,
    numberOfFrames: number(instance, 'NumberOfFrames') ?? 1,
  }
}

function framesOf(instances: readonly DataSet[], parts: readonly Part[], size: ImageSize): Frames {
  const [first = {}] = instances
  const perFrame = instances.flatMap((each) => items(each, 'PerFrameFunctionalGroupsSequence'))
  const placed = item(perFrame[0] ?? {}, 'PlanePositionSlideSequence')
  const stated = number(placed, 'ColumnPositionInTotalImagePixelMatrix') !== null
  if (text(first, 'DimensionOrganizationType') !== 'TILED_FULL' && stated) {
    return sparseFrames(size, perFrame, item(first, 'SharedFunctionalGroupsSequence'))
  }
  const last = Math.max(...parts.map((part) => part.frameOffset + part.numberOfFrames))
  const planes = number(first, 'TotalPixelMatrixFocalPlanes') ?? 1
  const paths = number(first, 'NumberOfOpticalPaths') ?? 1
  return {
    frameAt: fullFrames(size, { planes, paths }, last),
    paths: pathsOf(first, paths),
    heights: heightsOf(first, planes),
  }
}

/** Identifiers of the paths of an image whose frames are all there, in their order. */
function pathsOf(instance: DataSet, count: number): (string | null)[] {
  const shared = pathOf(item(instance, 'SharedFunctionalGroupsSequence'))
  if (count === 1 && shared) return [shared]
  const told = items(instance, 'OpticalPathSequence')
  return Array.from({ length: count }, (_, index) =>
    text(told[index] ?? {}, 'OpticalPathIdentifier'),
  )
}

/** Heights of the planes of an image whose frames are all there, at equal distances. */
function heightsOf(instance: DataSet, planes: number): number[] {
  const shared = item(instance, 'SharedFunctionalGroupsSequence')
  const position = item(shared, 'PlanePositionSlideSequence')
  const lowest = number(position, 'ZOffsetInSlideCoordinateSystem') ?? 0
  const between = number(item(shared, 'PixelMeasuresSequence'), 'SpacingBetweenSlices') ?? 0.001
  return Array.from({ length: planes }, (_, plane) => lowest + plane * between * 1000)
}

function spacingOf(instance: DataSet): SpacingMm | null {
  const shared = item(item(instance, 'SharedFunctionalGroupsSequence'), 'PixelMeasuresSequence')
  const frame = item(item(instance, 'PerFrameFunctionalGroupsSequence'), 'PixelMeasuresSequence')
  const [row, column] =
    [shared, frame].map((measures) => numbers(measures, 'PixelSpacing')).find(isPair) ?? []
  return row && column && row > 0 && column > 0 ? { row, column } : null
}

function isPair(values: readonly number[]): boolean {
  return values.length === 2
}

function samplesOf(instance: DataSet): Samples {
  return {
    photometricInterpretation: text(instance, 'PhotometricInterpretation') ?? 'RGB',
    samplesPerPixel: number(instance, 'SamplesPerPixel') ?? 3,
    bitsAllocated: number(instance, 'BitsAllocated') ?? 8,
    planarConfiguration: number(instance, 'PlanarConfiguration') ?? 0,
    isSigned: number(instance, 'PixelRepresentation') === 1,
  }
}

function byInstanceNumber(a: DataSet, b: DataSet): number {
  return (number(a, 'InstanceNumber') ?? 0) - (number(b, 'InstanceNumber') ?? 0)
}

function byFrameOffset(a: DataSet, b: DataSet): number {
  return partOf(a).frameOffset - partOf(b).frameOffset
}
