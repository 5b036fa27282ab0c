// SPDX-License-Identifier: Apache-2.0
/**
 * A slide's own colours of haematoxylin and eosin, from its pixels: the two directions between
 * which the densities of its tissue lie.
 *
 * Reference: Macenko et al., ISBI 2009, 1107.
 */

import { dot, stainMatrix, unit, type Density, type StainMatrix } from './stains'

/** Densities below this are glass. */
const GLASS = 0.15
/** Of the angles, the part at each end that is left out. */
const OUTLIERS = 0.01
const FEWEST_PIXELS = 100

/** The stains of a picture of RGBA pixels; `null` where it has too little tissue to tell. */
export function stainsOfPicture(
  rgba: Uint8ClampedArray,
  white: readonly [number, number, number] = [255, 255, 255],
): StainMatrix | null {
  const densities = tissue(rgba, white)
  if (densities.length < FEWEST_PIXELS) return null
  const [first, second] = plane(covariance(densities))
  const angles = densities
    .map((density) => Math.atan2(dot(density, second), dot(density, first)))
    .sort((a, b) => a - b)
  const at = (part: number): Density => {
    const angle = angles[Math.round(part * (angles.length - 1))] ?? 0
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
    return [0, 1, 2].map((axis) => cos * (first[axis] ?? 0) + sin * (second[axis] ?? 0)) as [
      number,
      number,
      number,
    ]
  }
  const [one, other] = [unit(at(OUTLIERS)), unit(at(1 - OUTLIERS))]
  if (Math.abs(dot(one, other)) > 0.9995) return null
  // Haematoxylin takes more of the red light.
  return one[0] > other[0] ? stainMatrix(one, other) : stainMatrix(other, one)
}

function tissue(rgba: Uint8ClampedArray, white: readonly [number, number, number]): Density[] {
  const found: Density[] = []
  const density = (index: number, channel: 0 | 1 | 2): number =>
    -Math.log10(Math.min(1, ((rgba[index + channel] ?? 0) + 1) / (white[channel] + 1)))
  for (let index = 0; index < rgba.length; index += 4) {
    if (rgba[index + 3] !== 255) continue
    const each: Density = [density(index, 0), density(index, 1), density(index, 2)]
    if (each.every((value) => value >= GLASS / Math.LN10)) found.push(each)
  }
  return found
}

function covariance(densities: readonly Density[]): number[][] {
  const mean = [0, 0, 0]
  for (const density of densities)
    for (let i = 0; i < 3; i++)
      mean[i] = (mean[i] ?? 0) + (density[i as 0 | 1 | 2] || 0) / densities.length
  const sums = [0, 1, 2].map(() => [0, 0, 0])
  for (const density of densities) {
    const off = density.map((value, axis) => value - (mean[axis] ?? 0))
    sums.forEach((row, i) => {
      for (let j = 0; j < 3; j++) row[j] = (row[j] ?? 0) + (off[i] ?? 0) * (off[j] ?? 0)
    })
  }
  return sums
}

/** The two directions in which values lie apart most, pointing towards more density. */
function plane(matrix: readonly (readonly number[])[]): [Density, Density] {
  const first = strongest(matrix)
  const strength = dot(first, product(matrix, first))
  const rest = matrix.map((row, i) =>
    row.map((value, j) => value - strength * (first[i as 0 | 1 | 2] || 0) * (first[j] ?? 0)),
  )
  return [upwards(first), upwards(strongest(rest))]
}

/** The strongest direction of a symmetric matrix, by repeated products. */
function strongest(matrix: readonly (readonly number[])[]): Density {
  let vector: Density = unit([1, 0.7, 0.4])
  for (let step = 0; step < 300; step++) vector = unit(product(matrix, vector))
  return vector
}

function product(matrix: readonly (readonly number[])[], vector: Density): Density {
  const row = (index: number): number =>
    vector.reduce((sum, value, axis) => sum + value * (matrix[index]?.[axis] ?? 0), 0)
  return [row(0), row(1), row(2)]
}

function upwards(vector: Density): Density {
  return vector[0] + vector[1] + vector[2] < 0
    ? [-vector[0], -vector[1], -vector[2]]
    : [vector[0], vector[1], vector[2]]
}
