// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'

import { PALETTE } from './palette'

/** Linear RGB as eyes ofout M, L or S sight see it (Machado, Oliveira, Fernandes 2009). */
const EYES = {
  all: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  deuteranopia: [
    0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881,
  ],
  protanopia: [
    0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998,
  ],
}
/** Typical haematoxylin, eosin and glass on a scanned slide. */
const TISSUE = ['#6a4c93', '#e7a6c4', '#f4f1f4']

function seen(colour: string, eye: readonly number[]): number[] {
  const linear = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  const mixed = [0, 3, 6].map((row) =>
    linear.reduce((sum, value, column) => sum + value * (eye[row + column] ?? 0), 0),
  )
  return oklab(mixed.map((value) => Math.min(1, Math.max(0, value))))
}

/** Ottosson 2020: distances are about what the eye sees. */
function oklab([r = 0, g = 0, b = 0]: number[]): number[] {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ]
}

function distance(a: readonly number[], b: readonly number[]): number {
  return Math.hypot(...a.map((value, index) => value - (b[index] ?? 0)))
}

describe('the palette', () => {
  it.each(Object.entries(EYES))('stays apart for eyes of %s sight', (_, eye) => {
    const colours = PALETTE.map(({ name, colour }) => ({ name, seen: seen(colour, eye) }))
    for (const [index, one] of colours.entries())
      for (const other of colours.slice(index + 1))
        expect(distance(one.seen, other.seen), `${one.name} ${other.name}`).toBeGreaterThan(0.11)
  })

  it.each(Object.entries(EYES))('stays apart from tissue for eyes of %s sight', (_, eye) => {
    for (const { name, colour } of PALETTE)
      for (const tissue of TISSUE)
        expect(distance(seen(colour, eye), seen(tissue, eye)), `${name} ${tissue}`).toBeGreaterThan(
          0.11,
        )
  })
})
