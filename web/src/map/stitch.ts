// SPDX-License-Identifier: Apache-2.0
/** The tiles of a small image, stitched into one picture. */

import { rendered, type SlideKey } from '../api'
import { tileCounts, type TiledImage } from '../dicom/image'
import { opticalPaths } from '../dicom/opticalPath'
import { ORIGIN } from '../root'
import { placeholder } from './placeholder'
import { loadTile, type Tile } from './tiles'

/** More frames than this are not worth a preview. */
const MOST_STITCHED = 200
/** Tiles of one picture that are under way at a time, so that pictures come in turn. */
const STITCHERS = 3

/** The whole image in one bitmap, at most `most` pixels long; `null` where it has too many tiles. */
export async function stitch(
  slide: SlideKey,
  image: TiledImage,
  most: number,
  priority: RequestPriority = 'low',
): Promise<ImageBitmap | null> {
  if (ORIGIN === null && isWindowed(image)) return renderedPicture(slide, image, most)
  const { across, down } = tileCounts(image)
  if (across * down > MOST_STITCHED) return null
  const scale = Math.min(1, most / Math.max(image.columns, image.rows))
  const canvas = new OffscreenCanvas(pixels(image.columns, scale), pixels(image.rows, scale))
  const context = canvas.getContext('2d')
  if (!context) return null
  context.imageSmoothingQuality = 'high'
  context.scale(canvas.width / image.columns, canvas.height / image.rows)
  const queue = tilesOf(across, down)
  const problems: unknown[] = []
  const drawTiles = async (): Promise<void> => {
    for (const tile of queue) {
      try {
        await drawTile(context, slide, image, tile, priority)
      } catch (problem) {
        problems.push(problem)
        hatch(context, image, tile)
      }
    }
  }
  await Promise.all(Array.from({ length: STITCHERS }, drawTiles))
  if (problems.length === across * down) throw problems[0]
  return canvas.transferToImageBitmap()
}

/**
 * Whether samples have to be mapped to what a screen shows, by a window or colours of channels. This
 * server draws whole images so; others may draw the first frame alone.
 */
function isWindowed(image: TiledImage): boolean {
  const { samplesPerPixel, bitsAllocated } = image.samples
  if (samplesPerPixel !== 1) return false
  const paths = opticalPaths([image])
  return bitsAllocated > 8 || paths.length > 1 || paths.some(({ isFluorescence }) => isFluorescence)
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
  priority: RequestPriority,
): Promise<void> {
  const bitmap = await loadTile(slide, image, tile, { priority })
  if (!bitmap) return
  const { tileColumns, tileRows } = image
  context.drawImage(bitmap, tile.column * tileColumns, tile.row * tileRows, tileColumns, tileRows)
  bitmap.close()
}

/** A tile that fails leaves a hatched gap; the others are worth seeing. */
function hatch(
  context: OffscreenCanvasRenderingContext2D,
  { tileColumns, tileRows }: TiledImage,
  { column, row }: Tile,
): void {
  const gap = placeholder('failed', tileColumns, tileRows)
  context.fillStyle = '#fff'
  context.fillRect(column * tileColumns, row * tileRows, tileColumns, tileRows)
  context.drawImage(gap, column * tileColumns, row * tileRows)
}

function* tilesOf(across: number, down: number): Generator<Tile> {
  for (let row = 0; row < down; row++) {
    for (let column = 0; column < across; column++) yield { column, row }
  }
}

function pixels(length: number, scale: number): number {
  return Math.max(1, Math.round(length * scale))
}
