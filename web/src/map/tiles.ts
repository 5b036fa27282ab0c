// SPDX-License-Identifier: Apache-2.0
/** Fetching the tiles of a tiled image, one by one or stitched into one small picture. */

import { frame, rendered, ServerError, type Call, type FrameBytes, type SlideKey } from '../api'
import type { Slice } from '../dicom/frames'
import { framePlace, tileCounts, type FramePlace, type TiledImage } from '../dicom/image'
import { decode, UndrawableError } from './decode'

/** More frames than this are not worth a preview. */
const MOST_STITCHED = 200
/** Tiles of one picture that are under way at a time, so that pictures come in turn. */
const STITCHERS = 3

/** A tile, counted from 0 at the top left. */
export interface Tile {
  readonly column: number
  readonly row: number
  /** The first path and the middle plane where it is left out. */
  readonly slice?: Slice
}

/** Images known to be stored in a way that cannot be drawn: their frames are not asked for again. */
const undrawable = new WeakMap<TiledImage, UndrawableError>()

/** The bitmap of one tile; `null` where the image has no frame for it. */
export async function loadTile(
  slide: SlideKey,
  image: TiledImage,
  tile: Tile,
  call: Call,
): Promise<ImageBitmap | null> {
  const place = framePlace(image, tile.column, tile.row, tile.slice)
  if (!place) return null
  const known = undrawable.get(image)
  if (known) throw known
  try {
    return await decode(await frameWithRetry(slide, place, call), image)
  } catch (error) {
    if (error instanceof UndrawableError) undrawable.set(image, error)
    throw error
  }
}

/** The whole image in one bitmap, at most `most` pixels long; `null` where it has too many tiles. */
export async function stitch(
  slide: SlideKey,
  image: TiledImage,
  most: number,
): Promise<ImageBitmap | null> {
  if (isWindowed(image)) return renderedPicture(slide, image, most)
  const { across, down } = tileCounts(image)
  if (across * down > MOST_STITCHED) return null
  const scale = Math.min(1, most / Math.max(image.columns, image.rows))
  const canvas = new OffscreenCanvas(pixels(image.columns, scale), pixels(image.rows, scale))
  const context = canvas.getContext('2d')
  if (!context) return null
  context.imageSmoothingQuality = 'high'
  context.scale(canvas.width / image.columns, canvas.height / image.rows)
  const queue = tilesOf(across, down)
  const drawTiles = async (): Promise<void> => {
    for (const tile of queue) await drawTile(context, slide, image, tile)
  }
  await Promise.all(Array.from({ length: STITCHERS }, drawTiles))
  return canvas.transferToImageBitmap()
}

/** Whether samples have to be mapped to what a screen shows, by a window or colours of channels. */
export function isWindowed({ samples, paths }: TiledImage): boolean {
  return samples.samplesPerPixel === 1 && (samples.bitsAllocated > 8 || paths.length > 1)
}

async function renderedPicture(
  slide: SlideKey,
  image: TiledImage,
  most: number,
): Promise<ImageBitmap | null> {
  const [part, ...others] = image.parts
  if (!part || others.length > 0) return null
  return createImageBitmap(await rendered(slide, part.sopInstanceUid, most))
}

async function drawTile(
  context: OffscreenCanvasRenderingContext2D,
  slide: SlideKey,
  image: TiledImage,
  tile: Tile,
): Promise<void> {
  const bitmap = await loadTile(slide, image, tile, { priority: 'low' })
  if (!bitmap) return
  const { tileColumns, tileRows } = image
  context.drawImage(bitmap, tile.column * tileColumns, tile.row * tileRows, tileColumns, tileRows)
  bitmap.close()
}

function* tilesOf(across: number, down: number): Generator<Tile> {
  for (let row = 0; row < down; row++) {
    for (let column = 0; column < across; column++) yield { column, row }
  }
}

function pixels(length: number, scale: number): number {
  return Math.max(1, Math.round(length * scale))
}

/** A server that is busy or away for a moment gets a second request; a refusal does not. */
async function frameWithRetry(slide: SlideKey, place: FramePlace, call: Call): Promise<FrameBytes> {
  try {
    return await frame(slide, place, call)
  } catch (error) {
    const momentary = error instanceof ServerError && (error.status === 0 || error.status >= 500)
    if (!momentary || call.signal?.aborted) throw error
    return frame(slide, place, call)
  }
}
