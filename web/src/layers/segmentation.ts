// SPDX-License-Identifier: Apache-2.0
/** Segmentations (PS3.3 C.8.20 and C.8.24): their segments, and frames → how opaque each pixel is. */

import { item, items, number, text, type DataSet } from '../dicom/json'
import { rgbOf } from '../vector/paint'
import { colourOf } from './colours'

export type SegmentationType = 'BINARY' | 'FRACTIONAL' | 'LABELMAP'

export interface Segment {
  readonly number: number
  readonly label: string
  readonly colour: string
}

export function segmentationType(dataSet: DataSet): SegmentationType {
  const stated = text(dataSet, 'SegmentationType')
  return stated === 'FRACTIONAL' || stated === 'LABELMAP' ? stated : 'BINARY'
}

/** The segments by number; a label map's background is none. */
export function segmentsOf(dataSet: DataSet): Segment[] {
  const padding = number(dataSet, 'PixelPaddingValue')
  const background = segmentationType(dataSet) === 'LABELMAP' ? (padding ?? 0) : null
  return items(dataSet, 'SegmentSequence')
    .map((segment, index) => ({
      number: number(segment, 'SegmentNumber') ?? index + 1,
      label: labelOf(segment),
      colour: colourOf(segment, index),
    }))
    .filter((segment) => segment.number !== background)
}

function labelOf(segment: DataSet): string {
  const property = item(segment, 'SegmentedPropertyTypeCodeSequence')
  return text(segment, 'SegmentLabel') ?? text(property, 'CodeMeaning') ?? ''
}

/** How a frame is to be read. */
export interface Reading {
  readonly type: SegmentationType
  readonly pixels: number
  readonly bitsAllocated: number
  readonly most: number
}

export function readingOf(dataSet: DataSet, pixels: number): Reading {
  return {
    type: segmentationType(dataSet),
    pixels,
    bitsAllocated: number(dataSet, 'BitsAllocated') ?? 1,
    most: number(dataSet, 'MaximumFractionalValue') ?? 255,
  }
}

/** A frame in the colours of its segments; `colours` by segment number, of those to be seen. */
export function paintSegments(
  frame: Uint8Array,
  { type, pixels, bitsAllocated, most }: Reading,
  channel: number,
  colours: ReadonlyMap<number, string>,
): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(4 * pixels)
  const table = new Map([...colours].map(([segment, colour]) => [segment, rgbOf(colour)]))
  const read = reader(frame, bitsAllocated)
  const own = table.get(channel)
  for (let pixel = 0; pixel < pixels; pixel++) {
    const value = read(pixel)
    const colour = type === 'LABELMAP' ? table.get(value) : own
    if (!colour || value === 0) continue
    rgba.set(colour, 4 * pixel)
    rgba[4 * pixel + 3] = type === 'FRACTIONAL' ? (255 * value) / most : 255
  }
  return rgba
}

/** Single bits lie in bytes from the lowest up (PS3.5 8.2). */
function reader(frame: Uint8Array, bitsAllocated: number): (pixel: number) => number {
  if (bitsAllocated === 1) return (pixel) => ((frame[pixel >> 3] ?? 0) >> (pixel & 7)) & 1
  if (bitsAllocated === 8) return (pixel) => frame[pixel] ?? 0
  return (pixel) => (frame[2 * pixel] ?? 0) | ((frame[2 * pixel + 1] ?? 0) << 8)
}
