// SPDX-License-Identifier: Apache-2.0
/** Frames of segmentations and maps as pictures, each fetched once and kept while there is room. */

import { binary, samples, type SlideKey } from '../api'
import { element, number } from '../dicom/json'
import type { FrameImage, PlacedFrame } from './frames'
import type { Pictures } from './framePainter'
import { bytesPerSample, samplesOf, type Stored, type Values } from './parametric'
import { said } from '../words/said'

const MOST_KEPT = 400
/** A map of floating point numbers comes in one piece; beyond this it is refused. */
const MOST_BYTES = 512 * 1024 * 1024

export type Bytes = (image: FrameImage, frame: PlacedFrame) => Promise<Uint8Array<ArrayBuffer>>

/** Frames' bytes, each asked for once. */
export function frameBytes(key: SlideKey): Bytes {
  return (image, { number: frameNumber }) =>
    samples(key, { sopInstanceUid: image.sopInstanceUid, frameNumber }, { priority: 'low' })
}

/** How a map's numbers are stored, and the element that has them where they are no pixel data. */
export function storedAs({ dataSet, bitsAllocated }: FrameImage): Stored {
  if (element(dataSet, 'FloatPixelData')) return 'float'
  if (element(dataSet, 'DoubleFloatPixelData')) return 'double'
  if (bitsAllocated === 8) return 'bytes'
  return number(dataSet, 'PixelRepresentation') === 1 ? 'signed' : 'unsigned'
}

/** A map's frames as numbers. */
export function frameValues(
  key: SlideKey,
): (image: FrameImage, frame: PlacedFrame) => Promise<Values> {
  const bytes = frameBytes(key)
  const whole = new Map<FrameImage, Promise<Uint8Array<ArrayBuffer>>>()
  return async (image, frame) => {
    const stored = storedAs(image)
    if (stored !== 'float' && stored !== 'double')
      return samplesOf(await bytes(image, frame), stored)
    const all = whole.get(image) ?? wholeOf(image)
    whole.set(image, all)
    const length = image.tileColumns * image.tileRows * bytesPerSample(stored)
    const from = (frame.number - 1) * length
    return samplesOf((await all).subarray(from, from + length), stored)
  }
}

async function wholeOf(image: FrameImage): Promise<Uint8Array<ArrayBuffer>> {
  const { dataSet, tileColumns, tileRows } = image
  const frames = number(dataSet, 'NumberOfFrames') ?? 1
  const stored = storedAs(image)
  if (frames * tileColumns * tileRows * bytesPerSample(stored) > MOST_BYTES)
    throw new Error(said('the map is larger than 512 MB and does not come in frames'))
  const value = element(dataSet, 'FloatPixelData') ?? element(dataSet, 'DoubleFloatPixelData') ?? {}
  const bytes = await binary(value)
  if (!bytes) throw new Error(said('the server does not tell where the values of the map are'))
  return bytes
}

/** Keep pictures, the last used longest; a failed one is asked for again. */
export function kept(paint: Pictures): Pictures & { clear: () => void } {
  const known = new Map<string, Promise<ImageBitmap | null>>()
  const pictures: Pictures = (image, frame) => {
    const name = `${image.sopInstanceUid} ${frame.number}`
    const made = known.get(name) ?? paint(image, frame)
    known.delete(name)
    known.set(name, made)
    made.catch(() => known.delete(name))
    const [oldest] = known.keys()
    if (known.size > MOST_KEPT && oldest !== undefined) known.delete(oldest)
    return made
  }
  return Object.assign(pictures, {
    clear: () => {
      known.clear()
    },
  })
}

/** RGBA → a picture that is drawn as it is. */
export function pictureOf(
  rgba: Uint8ClampedArray<ArrayBuffer>,
  { tileColumns, tileRows }: FrameImage,
): Promise<ImageBitmap> {
  return createImageBitmap(new ImageData(rgba, tileColumns, tileRows), {
    colorSpaceConversion: 'none',
  })
}
