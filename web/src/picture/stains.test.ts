// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'

import { stainsOfPicture } from './macenko'
import { dot, inverse, STANDARD, stainColour, stainMatrix, unit } from './stains'

describe('stains', () => {
  test('a matrix times its inverse changes nothing', () => {
    const back = inverse(STANDARD)

    for (const [index, stain] of STANDARD.entries()) {
      const product = [0, 1, 2].map((column) =>
        stain.reduce((sum, part, row) => sum + part * (back[row]?.[column] ?? 0), 0),
      )
      product.forEach((value, column) => {
        expect(value).toBeCloseTo(column === index ? 1 : 0, 9)
      })
    }
  })

  test('have colours: haematoxylin blue, eosin pink', () => {
    expect(stainColour(STANDARD[0])).toEqual([104, 97, 171])
    expect(stainColour(STANDARD[1])).toEqual([231, 65, 219])
  })
})

describe('the stains of a picture', () => {
  const truth = stainMatrix([0.6, 0.74, 0.3], [0.15, 0.95, 0.2])

  /** Pixels of both stains in all mixtures. */
  function picture(): Uint8ClampedArray {
    const rgba: number[] = []
    for (let blue = 0; blue <= 40; blue++)
      for (let pink = 0; pink <= 40; pink++) {
        for (const channel of [0, 1, 2] as const) {
          const density = (blue / 40) * truth[0][channel] + (pink / 40) * truth[1][channel]
          rgba.push(256 * 10 ** -density - 1)
        }
        rgba.push(255)
      }
    return Uint8ClampedArray.from(rgba)
  }

  test('are found again', () => {
    const found = stainsOfPicture(picture())

    expect(found && dot(found[0], unit(truth[0]))).toBeGreaterThan(0.995)
    expect(found && dot(found[1], unit(truth[1]))).toBeGreaterThan(0.995)
  })

  test('are not invented where there is only glass', () => {
    expect(stainsOfPicture(new Uint8ClampedArray(4000).fill(250))).toBeNull()
  })
})
