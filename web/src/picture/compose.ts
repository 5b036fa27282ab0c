// SPDX-License-Identifier: Apache-2.0
/** Samples of channels → one picture: each windowed and coloured, and their light added. */

import type { Rgb } from '../dicom/opticalPath'
import type { Window } from './channels'

/** One channel of a tile. */
export interface Layer {
  /** Samples in little endian, row by row; `null` where the slide has none here. */
  readonly bytes: Uint8Array | null
  readonly bits: 8 | 16
  /** Whether the largest value is dark (MONOCHROME1). */
  readonly isInverted: boolean
  readonly colour: Rgb
  readonly window: Window
  readonly gamma: number
}

/** Return `pixels * 4` bytes, opaque; `null` where no channel has samples here. */
export function composed(
  layers: readonly Layer[],
  pixels: number,
): Uint8ClampedArray<ArrayBuffer> | null {
  const there = layers.filter(({ bytes, bits }) => bytes && bytes.length >= (pixels * bits) / 8)
  if (there.length === 0) return null
  const light = new Float32Array(pixels * 3)
  for (const layer of there) shine(light, layer, pixels)
  const rgba = new Uint8ClampedArray(pixels * 4)
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let sample = 0; sample < 3; sample++)
      rgba[pixel * 4 + sample] = light[pixel * 3 + sample] ?? 0
    rgba[pixel * 4 + 3] = 255
  }
  return rgba
}

/**
 * The values between which nearly all samples lie: those of the given part at either end are left
 * out.
 */
export function percentiles(
  frames: readonly (readonly [Uint8Array, 8 | 16])[],
  part = 0.001,
): Window | null {
  const counts = new Uint32Array(65536)
  let total = 0
  for (const [bytes, bits] of frames) {
    const values = samplesOf(bytes, bits)
    total += values.length
    for (const value of values) counts[value] = (counts[value] ?? 0) + 1
  }
  if (total === 0) return null
  const low = valueAt(counts, total * part)
  const high = valueAt(counts, total * (1 - part))
  return [low, Math.max(high, low + 1)]
}

/** The samples of a frame without those that only fill it up, beyond the slide. */
export function cropped(
  bytes: Uint8Array,
  bits: 8 | 16,
  width: number,
  columns: number,
  rows: number,
): Uint8Array {
  const size = bits / 8
  const found = new Uint8Array(columns * rows * size)
  for (let row = 0; row < rows; row++) {
    const start = row * width * size
    found.set(bytes.subarray(start, start + columns * size), row * columns * size)
  }
  return found
}

/** How much of its light a channel gives for each value. */
export function brightnessOf({
  window,
  gamma,
  bits,
  isInverted,
}: Omit<Layer, 'bytes'>): Float32Array {
  const [low, high] = window
  return Float32Array.from({ length: 2 ** bits }, (_, stored) => {
    const within = Math.min(1, Math.max(0, (stored - low) / (high - low)))
    const place = isInverted ? 1 - within : within
    return gamma === 1 ? place : place ** (1 / gamma)
  })
}

function shine(light: Float32Array, layer: Layer, pixels: number): void {
  if (!layer.bytes) return
  const values = samplesOf(layer.bytes, layer.bits)
  const bright = brightnessOf(layer)
  const [red, green, blue] = layer.colour
  for (let pixel = 0; pixel < pixels; pixel++) {
    const amount = bright[values[pixel] ?? 0] ?? 0
    const place = pixel * 3
    light[place] = (light[place] ?? 0) + amount * red
    light[place + 1] = (light[place + 1] ?? 0) + amount * green
    light[place + 2] = (light[place + 2] ?? 0) + amount * blue
  }
}

function samplesOf(bytes: Uint8Array, bits: 8 | 16): Uint8Array | Uint16Array {
  if (bits === 8) return bytes
  // Every browser's machine is little endian; an odd start would not be a legal view.
  const start = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice()
  return new Uint16Array(start.buffer, start.byteOffset, Math.floor(start.byteLength / 2))
}

function valueAt(counts: Uint32Array, wanted: number): number {
  let seen = 0
  for (let value = 0; value < counts.length; value++) {
    seen += counts[value] ?? 0
    if (seen >= Math.max(1, wanted)) return value
  }
  return counts.length - 1
}
