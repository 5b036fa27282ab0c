// SPDX-License-Identifier: Apache-2.0
/** Frames of a layer → tiles of the map, wherever and however turned the layer lies on the slide. */

import type { TileRect } from '../vector/paint'
import { after, inverse, placed, type Affine } from './affine'
import type { FrameImage, PlacedFrame } from './frames'

/** A tile that would need more frames than this is left clear, and that is said. */
export const MOST_FRAMES = 200

export type Pictures = (image: FrameImage, frame: PlacedFrame) => Promise<ImageBitmap | null>

/** The image whose pixels are about as large as the tile's. */
export function levelFor(images: readonly FrameImage[], rect: TileRect): FrameImage | undefined {
  const sorted = [...images].sort((a, b) => a.downsample - b.downsample)
  return sorted.findLast(({ downsample }) => downsample <= 1.01 / rect.scaleX) ?? sorted[0]
}

/** The frames of an image that a tile shows. */
export function framesOn(image: FrameImage, rect: TileRect): PlacedFrame[] {
  const back = inverse(image.toBase)
  if (!back) return []
  const [width, height] = [rect.size / rect.scaleX, rect.size / rect.scaleY]
  const corners = [
    [0, 0],
    [width, 0],
    [width, height],
    [0, height],
  ].map(([x = 0, y = 0]) => placed(back, rect.left + x, rect.top + y))
  const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)]
  const [left, right, top, bottom] = [
    Math.min(...xs),
    Math.max(...xs),
    Math.min(...ys),
    Math.max(...ys),
  ]
  return image.frames.filter(
    (frame) =>
      frame.left < right &&
      frame.left + image.tileColumns > left &&
      frame.top < bottom &&
      frame.top + image.tileRows > top,
  )
}

/** Draw a tile; `null` where nothing of the layer lies. */
export async function paintFrames(
  image: FrameImage,
  frames: readonly PlacedFrame[],
  rect: TileRect,
  pictures: Pictures,
): Promise<ImageBitmap | null> {
  if (frames.length === 0) return null
  const drawn = await Promise.all(frames.map((frame) => pictures(image, frame)))
  const canvas = new OffscreenCanvas(rect.size, rect.size)
  const context = canvas.getContext('2d')
  if (!context) return null
  const toTile = after(tileOf(rect), image.toBase)
  frames.forEach((frame, index) => {
    const picture = drawn[index]
    if (picture) drawFrame(context, toTile, image, frame, picture)
  })
  return canvas.transferToImageBitmap()
}

/** From level 0 to the tile's pixels. */
function tileOf({ left, top, scaleX, scaleY }: TileRect): Affine {
  return { a: scaleX, b: 0, c: 0, d: scaleY, e: -left * scaleX, f: -top * scaleY }
}

function drawFrame(
  context: OffscreenCanvasRenderingContext2D,
  toTile: Affine,
  { columns, rows, tileColumns, tileRows }: FrameImage,
  { left, top }: PlacedFrame,
  picture: ImageBitmap,
): void {
  const { a, b, c, d, e, f } = toTile
  const width = Math.min(tileColumns, columns - left)
  const height = Math.min(tileRows, rows - top)
  if (width <= 0 || height <= 0) return
  // Values are not to be mixed where pixels are seen one by one.
  context.imageSmoothingEnabled = Math.hypot(a, b) < 1
  const straight = Math.abs(b) + Math.abs(c) < 1e-9 * Math.abs(a) && a > 0 && d > 0
  if (straight) {
    // Whole pixels of the tile, so that frames meet without a seam.
    const [x0, y0] = placed(toTile, left, top).map(Math.round) as [number, number]
    const [x1, y1] = placed(toTile, left + width, top + height).map(Math.round) as [number, number]
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.drawImage(picture, 0, 0, width, height, x0, y0, x1 - x0, y1 - y0)
    return
  }
  context.setTransform(a, b, c, d, e, f)
  context.drawImage(picture, 0, 0, width, height, left, top, width, height)
}
