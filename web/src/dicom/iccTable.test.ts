// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

import type { Triple } from './iccLut'
import { colourAt, colourTable } from './iccTable'

interface Samples {
  readonly colours: string
  readonly profiles: Readonly<Record<string, { profile: string; expected: string }>>
}

/** Profiles and what Little CMS makes of colours; written by `tests/build_profile.py`. */
const { colours, profiles } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'profileSamples.json'), 'utf8'),
) as Samples

function triples(hex: string): Triple[] {
  const bytes = Buffer.from(hex, 'hex')
  return Array.from({ length: bytes.length / 3 }, (_, index) => {
    const [red = 0, green = 0, blue = 0] = bytes.subarray(index * 3)
    return [red, green, blue] as const
  })
}

const made = new Map<string, ReturnType<typeof colourTable>>()

function table(name: string): ReturnType<typeof colourTable> {
  const known = made.get(name) ?? colourTable(Buffer.from(profiles[name]?.profile ?? '', 'base64'))
  made.set(name, known)
  return known
}

describe('a profile’s colours as sRGB', () => {
  test.each(Object.keys(profiles).filter((name) => !name.endsWith('sRGB')))(
    '%s: as Little CMS has them, within two levels',
    (name) => {
      const converted = table(name)
      const expected = triples(profiles[name]?.expected ?? '')

      const differences = triples(colours).map((colour, index) => {
        const found = colourAt(converted, [colour[0] / 255, colour[1] / 255, colour[2] / 255])
        return Math.max(
          ...found.map((value, axis) => Math.abs(value * 255 - (expected[index]?.[axis] ?? 0))),
        )
      })

      expect(expected).toHaveLength(69)
      expect(Math.max(...differences)).toBeLessThanOrEqual(2)
    },
  )

  test('that is sRGB changes nothing, and others do', () => {
    expect(table('version 4, matrix, sRGB').isIdentity).toBe(true)
    expect(table('version 2, matrix, gamma 1.8').isIdentity).toBe(false)
  })
})

describe('a profile that cannot be read', () => {
  const sound = Buffer.from(
    profiles['version 2, relative table of 16 bits']?.profile ?? '',
    'base64',
  )

  test('is refused in words, wherever it is cut', () => {
    expect(() => colourTable(new Uint8Array(40))).toThrow('it is damaged')
    for (const length of [140, 200, 400, 600, 3000])
      expect(() => colourTable(sound.subarray(0, length))).toThrow(/it (is|lacks)|a table is/)
  })

  test('is refused if it is of other devices', () => {
    const printer = Buffer.from(sound)
    printer.write('CMYK', 16)

    expect(() => colourTable(printer)).toThrow('it is of {kind} colours, not RGB\nkind=CMYK')
  })
})
