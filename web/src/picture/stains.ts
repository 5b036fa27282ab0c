// SPDX-License-Identifier: Apache-2.0
/**
 * Taking the stains of a picture apart (colour deconvolution): optical density = amounts of stains
 * times the stains' colours, so amounts = densities times the inverse.
 *
 * Reference: Ruifrok and Johnston, Anal. Quant. Cytol. Histol. 23 (2001) 291.
 */

/** Optical densities of red, green and blue. */
export type Density = readonly [number, number, number]

/** Three stains' colours, as unit vectors of density: haematoxylin, eosin, and what is neither. */
export type StainMatrix = readonly [Density, Density, Density]

/** Haematoxylin and eosin as Ruifrok and Johnston measured them. */
export const STANDARD = stainMatrix([0.65, 0.7, 0.29], [0.07, 0.99, 0.11])

/** The matrix of two stains; the third direction is what neither of them explains. */
export function stainMatrix(haematoxylin: Density, eosin: Density): StainMatrix {
  const [first, second] = [unit(haematoxylin), unit(eosin)]
  return [first, second, unit(cross(first, second))]
}

/** The inverse of a matrix of stains; rows for red, green and blue, columns for the stains. */
export function inverse([a, b, c]: StainMatrix): StainMatrix {
  const [x, y, z] = [cross(b, c), cross(c, a), cross(a, b)]
  const determinant = dot(a, x)
  const column = (index: 0 | 1 | 2): Density => [
    x[index] / determinant,
    y[index] / determinant,
    z[index] / determinant,
  ]
  return [column(0), column(1), column(2)]
}

/** A colour of light that passed through one unit of a stain, as samples of 0 … 255. */
export function stainColour(stain: Density, amount = 0.6): [number, number, number] {
  const sample = (density: number): number =>
    Math.round(255 * Math.min(1, 10 ** (-amount * Math.max(0, density))))
  return [sample(stain[0]), sample(stain[1]), sample(stain[2])]
}

export function dot(a: Density, b: Density): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

export function unit(vector: Density): Density {
  const length = Math.sqrt(dot(vector, vector)) || 1
  return [vector[0] / length, vector[1] / length, vector[2] / length]
}

function cross(a: Density, b: Density): Density {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}
