// SPDX-License-Identifier: Apache-2.0
/** Native (not compressed) 8-bit frames to the RGBA bytes of a canvas (PS3.3 C.7.6.3.1). */

import type { Samples } from './image'

/** Return `width * height * 4` bytes, or `null` where the samples are of a kind not drawn here. */
export function toRgba(
  frame: Uint8Array,
  width: number,
  height: number,
  samples: Samples,
): Uint8ClampedArray<ArrayBuffer> | null {
  const read = reader(samples, width * height)
  if (!read || frame.length < width * height * samples.samplesPerPixel) return null
  const rgba = new Uint8ClampedArray(width * height * 4)
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let sample = 0; sample < 3; sample++) rgba[pixel * 4 + sample] = read(frame, pixel, sample)
    rgba[pixel * 4 + 3] = 255
  }
  return rgba
}

type Reader = (frame: Uint8Array, pixel: number, sample: number) => number

function reader(samples: Samples, pixels: number): Reader | null {
  if (samples.bitsAllocated !== 8) return null
  switch (samples.photometricInterpretation) {
    case 'RGB':
      return samples.planarConfiguration === 1
        ? (frame, pixel, sample) => frame[sample * pixels + pixel] ?? 0
        : (frame, pixel, sample) => frame[pixel * 3 + sample] ?? 0
    case 'MONOCHROME2':
      return (frame, pixel) => frame[pixel] ?? 0
    case 'MONOCHROME1':
      return (frame, pixel) => 255 - (frame[pixel] ?? 0)
    default:
      return null
  }
}
