// SPDX-License-Identifier: Apache-2.0
/** Fetching the tiles of an image: as stored, or drawn by the server where no browser can. */

import {
  frame,
  renderedFrame,
  ServerError,
  type Call,
  type FrameBytes,
  type SlideKey,
} from '../api'
import type { Slice } from '../dicom/frames'
import { framePlace, type FramePlace, type TiledImage } from '../dicom/image'
import { Allowance } from './allowance'
import { beyondBrowsers, decode, decodeRendered, UndrawableError } from './decode'
import { FrameStore } from './frameStore'
import { isUnanswered } from './recovery'
import { patiently } from './retry'
import { t } from '../words'

/** Answers to a request for a drawn frame that no other request of its kind will change. */
const NEVER_DRAWN: readonly number[] = [400, 406, 415, 501]

/** A tile, counted from 0 at the top left. */
export interface Tile {
  readonly column: number
  readonly row: number
  /** The first path and the middle plane where it is left out. */
  readonly slice?: Slice
}

/** Frames kept as they came; the browser's own cache has more of them, further away. */
const store = new FrameStore(48 * 1024 * 1024)
/** What may be fetched ahead of all slides together: they come over one link. */
const allowance = new Allowance()
/** Images that the server has to draw, by what they are stored as. */
const drawnByServer = new WeakMap<TiledImage, string>()
/** Images that not even the server can draw: their frames are not asked for again. */
const undrawable = new WeakMap<TiledImage, UndrawableError>()
/** Images of which the server has drawn a frame: where it refuses one, that one is damaged. */
const drawnBefore = new WeakSet<TiledImage>()

/** The bitmap of one tile; `null` where the image has no frame for it. */
export async function loadTile(
  slide: SlideKey,
  image: TiledImage,
  tile: Tile,
  call: Call,
): Promise<ImageBitmap | null> {
  const place = framePlace(image, tile.column, tile.row, tile.slice)
  if (!place) return null
  if (storedAs(image) !== null) return drawn(slide, image, place, call)
  try {
    return await decode(await shownBytes(slide, image, place, call), image)
  } catch (error) {
    if (error instanceof UndrawableError) drawnByServer.set(image, error.stored)
    else if (isRefused(error)) drawnByServer.set(image, t('a form that the server does not give'))
    else if (!isUndecodable(error)) throw error
    return drawn(slide, image, place, call, error)
  }
}

/** What an image is stored as of which the server has drawn frames; `null` for all others. */
export function drawnAs(image: TiledImage): string | null {
  return drawnBefore.has(image) ? storedAs(image) : null
}

/** What an image is stored as that the server has to draw; `null` where the browser draws it. */
function storedAs(image: TiledImage): string | null {
  return drawnByServer.get(image) ?? beyondBrowsers(image)
}

/** Whether frames may be fetched ahead, after all that was fetched in vain. */
export function mayFetchAhead(): boolean {
  return allowance.bytes > 0
}

/** Fetch a tile's frame for later; returns its bytes, 0 where there is nothing to fetch. */
export async function prefetchTile(
  slide: SlideKey,
  image: TiledImage,
  tile: Tile,
  signal: AbortSignal,
): Promise<number> {
  const place = framePlace(image, tile.column, tile.row, tile.slice)
  if (!place || undrawable.has(image)) return 0
  const name = nameOf(slide, image, place)
  if (store.has(name)) return 0
  allowance.begin(name)
  let bytes = 0
  try {
    const found = await bytesOf(slide, image, place, { signal, priority: 'low' })
    bytes = found.bytes.length
  } finally {
    allowance.end(name, bytes)
  }
  return bytes
}

/** Whether the server answers a request for a tile's frame, be it with a refusal; asked once. */
export async function isAnswered(
  slide: SlideKey,
  image: TiledImage,
  tile: Tile,
  signal: AbortSignal,
): Promise<boolean> {
  const place = framePlace(image, tile.column, tile.row, tile.slice)
  if (!place) return true
  const ask = storedAs(image) === null ? frame : renderedFrame
  const name = nameOf(slide, image, place)
  try {
    await store.get(name, (wanted) => ask(slide, place, { signal: wanted }), signal)
  } catch (error) {
    return !isUnanswered(error)
  }
  return true
}

/** A frame that is to be shown. */
async function shownBytes(
  slide: SlideKey,
  image: TiledImage,
  place: FramePlace,
  call: Call,
): Promise<FrameBytes> {
  const name = nameOf(slide, image, place)
  const isNew = !store.has(name) || allowance.isUnused(name)
  const found = await bytesOf(slide, image, place, call)
  if (isNew) allowance.show(name, found.bytes.length)
  return found
}

/** A frame as stored, or as the server draws it where that is known to be needed. */
function bytesOf(
  slide: SlideKey,
  image: TiledImage,
  place: FramePlace,
  call: Call,
): Promise<FrameBytes> {
  const ask = storedAs(image) === null ? frame : renderedFrame
  return store.get(
    nameOf(slide, image, place),
    (signal) => patiently(() => ask(slide, place, { ...call, signal }), signal),
    call.signal,
  )
}

function nameOf({ series }: SlideKey, image: TiledImage, place: FramePlace): string {
  const form = storedAs(image) === null ? 'stored' : 'drawn'
  return `${series}/${place.sopInstanceUid}/${place.frameNumber}/${form}`
}

/** A frame as the server draws it; `problem` is why it was not drawn here. */
async function drawn(
  slide: SlideKey,
  image: TiledImage,
  place: FramePlace,
  call: Call,
  problem?: unknown,
): Promise<ImageBitmap> {
  const refused = undrawable.get(image)
  if (refused) throw refused
  const stored = storedAs(image)
  if (stored === null) return drawnOnce(slide, place, call, problem)
  try {
    const bitmap = await decodeRendered(await shownBytes(slide, image, place, call))
    drawnBefore.add(image)
    return bitmap
  } catch (error) {
    if (!(error instanceof ServerError) || !NEVER_DRAWN.includes(error.status)) throw error
    if (drawnBefore.has(image)) throw new Error('damaged', { cause: error })
    const never = new UndrawableError(stored)
    undrawable.set(image, never)
    throw never
  }
}

/** One frame that the browser could not decode, though it draws others of its kind. */
async function drawnOnce(
  slide: SlideKey,
  place: FramePlace,
  call: Call,
  problem: unknown,
): Promise<ImageBitmap> {
  try {
    return await decodeRendered(await renderedFrame(slide, place, call))
  } catch (error) {
    throw call.signal?.aborted ? error : problem
  }
}

/** Whether the server has the frame, but not as a browser takes it. */
function isRefused(error: unknown): boolean {
  return error instanceof ServerError && error.status === 406
}

function isUndecodable(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'InvalidStateError'
}
