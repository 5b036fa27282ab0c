// SPDX-License-Identifier: Apache-2.0
/** A frame → a bitmap to draw. JPEG is left to the browser; native samples are unpacked. */

import type { FrameBytes } from '../api'
import type { Samples, TiledImage } from '../dicom/image'
import { declareRgb } from '../dicom/jpeg'
import { toRgba } from '../dicom/native'
import { t } from '../words'

/** The frames are stored in a way that a browser cannot draw; trying again is of no use. */
export class UndrawableError extends Error {
  constructor(readonly stored: string) {
    super(
      t(
        'the frames are stored as {stored}, which neither this viewer nor the server can draw; convert the slide to JPEG',
        { stored },
      ),
    )
    this.name = 'UndrawableError'
  }
}

const NAMES: Readonly<Record<string, string>> = {
  'image/jp2': 'JPEG 2000',
  'image/jpx': 'JPEG 2000',
  'image/jphc': 'High-Throughput JPEG 2000',
  'image/jls': 'JPEG-LS',
  'image/jxl': 'JPEG XL',
}

/** Colours are drawn as stored: no profile of the file or of the screen is applied. */
const AS_STORED: ImageBitmapOptions = { colorSpaceConversion: 'none', premultiplyAlpha: 'none' }

/** Decode one frame of an image as it is stored. */
export async function decode(
  { mediaType, bytes }: FrameBytes,
  image: TiledImage,
): Promise<ImageBitmap> {
  if (mediaType === 'image/jpeg')
    return createImageBitmap(jpegBlob(bytes, image.samples), AS_STORED)
  if (mediaType !== 'application/octet-stream')
    throw new UndrawableError(NAMES[mediaType] ?? mediaType)
  const rgba = toRgba(bytes, image.tileColumns, image.tileRows, image.samples)
  if (!rgba) throw new UndrawableError(describe(image.samples))
  return createImageBitmap(new ImageData(rgba, image.tileColumns, image.tileRows), AS_STORED)
}

/** Decode a picture that the server has drawn of a frame. */
export function decodeRendered({ mediaType, bytes }: FrameBytes): Promise<ImageBitmap> {
  return createImageBitmap(new Blob([bytes], { type: mediaType }), AS_STORED)
}

/** What the samples are, where no browser draws them however they are coded. */
export function beyondBrowsers({ samples }: TiledImage): string | null {
  return samples.bitsAllocated === 8 ? null : describe(samples)
}

function jpegBlob(bytes: Uint8Array<ArrayBuffer>, samples: Samples): Blob {
  const parts = samples.photometricInterpretation === 'RGB' ? declareRgb(bytes) : [bytes]
  return new Blob(parts, { type: 'image/jpeg' })
}

function describe({ bitsAllocated, photometricInterpretation }: Samples): string {
  return t('{photometric}, {bits}-bit', {
    photometric: photometricInterpretation,
    bits: bitsAllocated,
  })
}
