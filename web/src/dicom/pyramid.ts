// SPDX-License-Identifier: Apache-2.0
/**
 * The levels of a slide, finest first. Levels may have any ratio and any tile size. All share one
 * coordinate system: columns of level 0 to the right, and the same length downwards, so that
 * oblong pixels become square on the screen.
 */

import type { Size, SpacingMm } from './geometry'
import type { Slice } from './frames'
import type { TiledImage } from './image'
import { opticalPaths, type OpticalPath } from './opticalPath'

export interface Level {
  readonly image: TiledImage
  /** All images of this size, the first included: planes and paths may be kept apart. */
  readonly images: readonly TiledImage[]
  /** Level-0 columns per pixel of this level, to the right. */
  readonly downsample: number
  /** The same downwards; equal to `downsample` for square pixels. */
  readonly downsampleDown: number
}

export interface Pyramid {
  /** At least one; level 0 is the finest. */
  readonly levels: readonly [Level, ...Level[]]
  /** Columns of level 0, and its rows times the pixels' aspect. */
  readonly size: Size
  /** Micrometres per column of level 0; `null` where the slide is not calibrated. */
  readonly mpp: number | null
  /** At least one. */
  readonly paths: readonly OpticalPath[]
  /** Heights of the focal planes of level 0 in micrometres, the lowest first; at least one. */
  readonly heights: readonly number[]
}

/** What of a slide is looked at: an optical path, and a height in micrometres. */
export interface Sheet {
  readonly path: string | null
  readonly height: number
}

/** A level's shape may differ from level 0's by what rounding of its size can explain. */
const SHAPE_TOLERANCE_PX = 2

/** Build the pyramid of a series' VOLUME images; `null` where there is none. */
export function pyramidOf(images: readonly TiledImage[]): Pyramid | null {
  const volumes = images
    .filter((image) => image.flavour === 'VOLUME')
    .sort((a, b) => b.columns - a.columns)
  const [base] = volumes
  if (!base) return null
  const aspect = aspectOf(base.spacing)
  const finest = ofSize(base, volumes)
  const levels = distinct(volumes)
    .filter((image) => sameShape(image, base))
    .map((image) => levelOf(image, volumes, aspect))
  return {
    levels: levels as [Level, ...Level[]],
    size: { width: base.columns, height: base.rows * aspect },
    mpp: base.spacing ? base.spacing.column * 1000 : null,
    paths: opticalPaths(finest),
    heights: [...new Set(finest.flatMap((image) => image.heights))].sort((a, b) => a - b),
  }
}

/** The image and its slice of what is looked at; of planes that the level lacks, the nearest. */
export function sliceOf(
  level: Level,
  { path, height }: Sheet,
): { readonly image: TiledImage; readonly slice: Slice } | null {
  let best: { image: TiledImage; slice: Slice } | null = null
  let distance = Infinity
  for (const image of level.images) {
    const index = image.paths.indexOf(path)
    if (index < 0) continue
    image.heights.forEach((each, plane) => {
      if (Math.abs(each - height) >= distance) return
      distance = Math.abs(each - height)
      best = { image, slice: { path: index, plane } }
    })
  }
  return best
}

function ofSize(image: TiledImage, volumes: readonly TiledImage[]): TiledImage[] {
  return volumes.filter(
    ({ columns, rows, tileColumns, tileRows }) =>
      columns === image.columns &&
      rows === image.rows &&
      tileColumns === image.tileColumns &&
      tileRows === image.tileRows,
  )
}

/** Of images of one size (planes or paths kept apart), the first. */
function distinct(images: readonly TiledImage[]): TiledImage[] {
  return images.filter(
    (image, index) => images.findIndex((other) => other.columns === image.columns) === index,
  )
}

function sameShape(image: TiledImage, base: TiledImage): boolean {
  const expected = (base.rows * image.columns) / base.columns
  return (
    Math.abs(image.rows - expected) <= SHAPE_TOLERANCE_PX * Math.max(1, expected / image.columns)
  )
}

function levelOf(image: TiledImage, volumes: readonly TiledImage[], aspect: number): Level {
  const base = volumes[0] ?? image
  const right = ratio(image.spacing?.column, base.spacing?.column, image.columns, base.columns)
  const down = ratio(image.spacing?.row, base.spacing?.row, image.rows, base.rows)
  // One ratio for both directions, unless the spacing itself says otherwise.
  const square = Math.abs(down / right - 1) < 0.01
  const images = ofSize(image, volumes)
  return { image, images, downsample: right, downsampleDown: (square ? right : down) * aspect }
}

/**
 * How many pixels of the base one pixel spans: the ratio of spacings where it explains the sizes
 * within a pixel, else the ratio of sizes. (A level of 277 columns below one of 555 has ratio 2.)
 */
function ratio(
  spacing: number | undefined,
  baseSpacing: number | undefined,
  length: number,
  baseLength: number,
): number {
  const bySize = baseLength / length
  if (!spacing || !baseSpacing) return nearWhole(bySize, length)
  const bySpacing = spacing / baseSpacing
  return Math.abs(length * bySpacing - baseLength) <= 1.5 * bySpacing
    ? bySpacing
    : nearWhole(bySize, length)
}

/** A ratio that rounding of the size can have made from a whole number is that number. */
function nearWhole(value: number, length: number): number {
  const whole = Math.round(value)
  return Math.abs(value - whole) <= value / length ? whole : value
}

function aspectOf(spacing: SpacingMm | null): number {
  if (!spacing) return 1
  const aspect = spacing.row / spacing.column
  return Math.abs(aspect - 1) < 1e-3 ? 1 : aspect
}
