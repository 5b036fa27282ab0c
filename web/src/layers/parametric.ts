// SPDX-License-Identifier: Apache-2.0
/** Parametric maps (PS3.3 C.8.23, C.8.32): their values in units, and the colours for these. */

import { item, number, numbers, text, type DataSet } from '../dicom/json'
import type { Keyword } from '../dicom/tags'
import { viridis } from './colours'

export interface Quantity {
  readonly name: string
  readonly unit: string
  readonly slope: number
  readonly intercept: number
  /** Values in the unit that the colours span; `null` where the map does not say. */
  readonly range: readonly [number, number] | null
}

/** What a map's numbers mean (Real World Value Mapping, PS3.3 C.7.6.16.2.11). */
export function quantityOf(dataSet: DataSet): Quantity {
  const mapping = macro(dataSet, 'RealWorldValueMappingSequence')
  const slope = number(mapping, 'RealWorldValueSlope') ?? 1
  const intercept = number(mapping, 'RealWorldValueIntercept') ?? 0
  const window = windowRange(macro(dataSet, 'FrameVOILUTSequence'), slope, intercept)
  return {
    name: text(mapping, 'LUTExplanation') ?? text(mapping, 'LUTLabel') ?? '',
    unit: unitText(item(mapping, 'MeasurementUnitsCodeSequence')),
    slope,
    intercept,
    range: window ?? mappedRange(mapping, slope, intercept),
  }
}

/** What all frames share, or else what the first frame says. */
function macro(dataSet: DataSet, keyword: Keyword): DataSet {
  const shared = item(item(dataSet, 'SharedFunctionalGroupsSequence'), keyword)
  return filled(shared) ? shared : item(item(dataSet, 'PerFrameFunctionalGroupsSequence'), keyword)
}

function filled(dataSet: DataSet): boolean {
  return Object.keys(dataSet).length > 0
}

/** UCUM's code for no unit is 1. */
function unitText(unit: DataSet): string {
  const code = text(unit, 'CodeValue')
  return code === '1' || code === null ? '' : code
}

type Range = readonly [number, number]

function windowRange(window: DataSet, slope: number, intercept: number): Range | null {
  const centre = number(window, 'WindowCenter')
  const width = number(window, 'WindowWidth')
  if (centre === null || !width) return null
  return [(centre - width / 2) * slope + intercept, (centre + width / 2) * slope + intercept]
}

function mappedRange(mapping: DataSet, slope: number, intercept: number): Range | null {
  const first =
    number(mapping, 'DoubleFloatRealWorldValueFirstValueMapped') ??
    numbers(mapping, 'RealWorldValueFirstValueMapped')[0]
  const last =
    number(mapping, 'DoubleFloatRealWorldValueLastValueMapped') ??
    numbers(mapping, 'RealWorldValueLastValueMapped')[0]
  if (first === undefined || last === undefined || last <= first) return null
  return [first * slope + intercept, last * slope + intercept]
}

export type Values = Float32Array | Float64Array | Int16Array | Uint16Array | Uint8Array

/** A frame's numbers, by how they are stored. */
export function samplesOf(bytes: Uint8Array<ArrayBuffer>, stored: Stored): Values {
  const buffer = bytes.slice().buffer
  switch (stored) {
    case 'float':
      return new Float32Array(buffer)
    case 'double':
      return new Float64Array(buffer)
    case 'signed':
      return new Int16Array(buffer)
    case 'unsigned':
      return new Uint16Array(buffer)
    case 'bytes':
      return bytes
  }
}

export type Stored = 'float' | 'double' | 'signed' | 'unsigned' | 'bytes'

export function bytesPerSample(stored: Stored): number {
  return { float: 4, double: 8, signed: 2, unsigned: 2, bytes: 1 }[stored]
}

/** The least and the largest of values that are numbers, in the unit. */
export function extremes(values: Iterable<number>, { slope, intercept }: Quantity): Range | null {
  let [least, most] = [Infinity, -Infinity]
  for (const stored of values) {
    const value = stored * slope + intercept
    if (value < least) least = value
    if (value > most) most = value
  }
  return least < most ? [least, most] : null
}

/** A frame in colours; what is no number is left clear. */
export function paintValues(
  values: ArrayLike<number>,
  { slope, intercept }: Quantity,
  [least, most]: Range,
): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(4 * values.length)
  const table = Array.from({ length: 256 }, (_, step) => viridis(step / 255))
  for (let pixel = 0; pixel < values.length; pixel++) {
    const part = ((values[pixel] ?? NaN) * slope + intercept - least) / (most - least)
    if (Number.isNaN(part)) continue
    const colour = table[Math.min(255, Math.max(0, Math.round(part * 255)))]
    if (!colour) continue
    rgba.set(colour, 4 * pixel)
    rgba[4 * pixel + 3] = 255
  }
  return rgba
}
