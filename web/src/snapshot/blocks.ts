// SPDX-License-Identifier: Apache-2.0
/** A picture larger than the screen, as blocks that the screen can show one after another. */

import type { Point, Size, Viewed } from '../dicom/geometry'

/** A part of a picture, in its pixels from its upper left. */
export interface Block extends Size {
  readonly left: number
  readonly top: number
  /** What lies in the middle of a screen whose upper left is the block's. */
  readonly centre: Point
}

/**
 * The blocks of a picture, row by row. The picture is what a screen of its size would show
 * (`Viewed.screen` in the picture's pixels); no block is larger than `most`.
 */
export function blocksOf(picture: Viewed, most: Size): Block[] {
  const { width, height } = picture.screen
  const blocks: Block[] = []
  for (let top = 0; top < height; top += most.height) {
    for (let left = 0; left < width; left += most.width) {
      const size = {
        width: Math.min(most.width, width - left),
        height: Math.min(most.height, height - top),
      }
      const middle = { x: left + most.width / 2, y: top + most.height / 2 }
      blocks.push({ left, top, ...size, centre: placeAt(picture, middle) })
    }
  }
  return blocks
}

/** What of the slide is seen at a pixel of a picture. */
export function placeAt({ centre, downsample, rotation, mirrored, screen }: Viewed, at: Point) {
  const right = (mirrored ? -1 : 1) * (at.x - screen.width / 2) * downsample
  const down = (at.y - screen.height / 2) * downsample
  const [cos, sin] = [Math.cos(rotation), Math.sin(rotation)]
  return { x: centre.x + right * cos + down * sin, y: centre.y - right * sin + down * cos }
}

/** At which pixel of a picture a place of the slide is seen. */
export function pixelOf(
  { centre, downsample, rotation, mirrored, screen }: Viewed,
  place: Point,
): Point {
  const [dx, dy] = [(place.x - centre.x) / downsample, (place.y - centre.y) / downsample]
  const [cos, sin] = [Math.cos(rotation), Math.sin(rotation)]
  const right = (mirrored ? -1 : 1) * (dx * cos - dy * sin)
  return { x: screen.width / 2 + right, y: screen.height / 2 + dx * sin + dy * cos }
}
