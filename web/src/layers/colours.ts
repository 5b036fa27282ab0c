// SPDX-License-Identifier: Apache-2.0
/** Colours of layers: what an object recommends, a palette where it does not, and colour maps. */

import { numbers, type DataSet } from '../dicom/json'
import { PALETTE } from '../vector/palette'

export type Rgb = readonly [number, number, number]

/** Recommended Display CIELab Value (PS3.3 C.10.7.1.1), or a colour of the palette. */
export function colourOf(dataSet: DataSet, index: number): string {
  const [lightness, a, b] = numbers(dataSet, 'RecommendedDisplayCIELabValue')
  if (lightness === undefined || a === undefined || b === undefined)
    return PALETTE[index % PALETTE.length]?.colour ?? '#000000'
  return hex(labToRgb((lightness / 65535) * 100, (a / 65535) * 255 - 128, (b / 65535) * 255 - 128))
}

export function hex(rgb: Rgb): string {
  return `#${rgb.map((value) => Math.round(value).toString(16).padStart(2, '0')).join('')}`
}

/** CIELab of D50, as ICC's profile connection space has it, → sRGB. */
export function labToRgb(lightness: number, a: number, b: number): Rgb {
  const middle = (lightness + 16) / 116
  const [x, y, z] = [
    0.9642 * cubed(middle + a / 500),
    cubed(middle),
    0.8249 * cubed(middle - b / 200),
  ]
  const linear = [
    3.1338561 * x - 1.6168667 * y - 0.4906146 * z,
    -0.9787684 * x + 1.9161415 * y + 0.033454 * z,
    0.0719453 * x - 0.2289914 * y + 1.4052427 * z,
  ]
  const [red = 0, green = 0, blue = 0] = linear.map(encoded)
  return [red, green, blue]
}

function cubed(value: number): number {
  return value > 6 / 29 ? value ** 3 : 3 * (6 / 29) ** 2 * (value - 4 / 29)
}

function encoded(linear: number): number {
  const value = Math.min(1, Math.max(0, linear))
  return 255 * (value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055)
}

/** Viridis (van der Walt and Smith, CC0) at ninths: even steps, and safe for all eyes. */
const STOPS: readonly Rgb[] = [
  [68, 1, 84],
  [71, 44, 122],
  [59, 81, 139],
  [44, 113, 142],
  [33, 144, 141],
  [39, 173, 129],
  [92, 200, 99],
  [170, 220, 50],
  [253, 231, 37],
]

/** The colour of a value between 0 and 1. */
export function viridis(value: number): Rgb {
  const place = Math.min(1, Math.max(0, value)) * (STOPS.length - 1)
  const below = Math.min(STOPS.length - 2, Math.floor(place))
  const [from, to] = [STOPS[below], STOPS[below + 1]]
  if (!from || !to) return [0, 0, 0]
  const part = place - below
  const mixed = (index: 0 | 1 | 2): number => from[index] + (to[index] - from[index]) * part
  return [mixed(0), mixed(1), mixed(2)]
}
