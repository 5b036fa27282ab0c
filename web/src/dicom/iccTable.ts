// SPDX-License-Identifier: Apache-2.0
/**
 * A profile's colours as sRGB, in a table that a graphics card reads: relative colorimetric with
 * black point compensation, which is also what the server's `iccprofile=srgb` gives. Each sample
 * goes through a curve, the table gives linear light, not clipped, and the steps of sRGB come last:
 * so colours stay exact in the dark and at the edge of what sRGB can show.
 *
 * References: ICC.1:2022 6.3, 7.2.6 and F.3; ISO 18619 (black point compensation); IEC 61966-2-1.
 */

import { clamp, readCurve, type Curve } from './iccCurve'
import { readTable, type Encoding, type Transform, type Triple } from './iccLut'
import { fixed, ProfileError, readProfile, type Profile } from './iccProfile'
import { said } from '../words/said'

/** Points of the table along each side. */
export const SIDE = 33
/** Points of the curves before it: one for each value of eight bits. */
export const SHAPED = 256

export interface ColourTable {
  /** Red, green and blue of each point of the curves before the table, from 0 to 1. */
  readonly shaper: Float32Array
  /** Linear red, green and blue; red of the input runs fastest. */
  readonly values: Float32Array
  /** Whether no colour changes by more than a level of 255: the table is then left empty. */
  readonly isIdentity: boolean
}

/** White of the connection space. */
const D50: Triple = [0.9642, 1, 0.8249]
/** XYZ at D50 → linear sRGB (IEC 61966-2-1, adapted by Bradford's matrix). */
const TO_SRGB = [
  [3.1338561, -1.6168667, -0.4906146],
  [-0.9787684, 1.9161415, 0.033454],
  [0.0719453, -0.2289914, 1.4052427],
] as const

/**
 * Make the table of a profile.
 *
 * @throws ProfileError where the profile is damaged or of a kind that is not read
 */
export function colourTable(bytes: Uint8Array): ColourTable {
  return guarded(() => {
    const { shapes, toXyz, black } = modelOf(readProfile(bytes))
    const convert = toLinear(toXyz, black)
    const isIdentity = changesNothing(shapes, convert)
    return isIdentity
      ? { shaper: new Float32Array(), values: new Float32Array(), isIdentity }
      : { shaper: shaperOf(shapes), values: filled(convert), isIdentity }
  })
}

/** A colour by the table, as the graphics card finds it. */
export function colourAt(table: Pick<ColourTable, 'shaper' | 'values'>, colour: Triple): Triple {
  const shaped = colour.map((value, channel) => shapedBy(table.shaper, value, channel))
  const found = [0, 0, 0]
  for (let corner = 0; corner < 8; corner++) {
    const { weight, index } = cornerOf(shaped, corner)
    for (let channel = 0; channel < 3; channel++)
      found[channel] = (found[channel] ?? 0) + weight * (table.values[index + channel] ?? 0)
  }
  const [red = 0, green = 0, blue = 0] = found.map(encoded)
  return [red, green, blue]
}

/** A profile: curves of each sample, which end in something like sRGB's steps; and what follows. */
interface Model {
  readonly shapes: readonly Curve[]
  readonly toXyz: Transform
  /** Y of the darkest colour, where it is to become black. */
  readonly black: number
}

function modelOf(profile: Profile): Model {
  const relative = profile.tag('A2B1')
  const table = relative ?? profile.tag('A2B0')
  if (!table) return matrixModel(profile)
  const { transform, encoding } = readTable(table)
  const decode = profile.space === 'Lab' ? labDecoder(encoding) : xyzDecoder
  const same: Curve = (value) => value
  const toXyz: Transform = (value) => decode(transform(value))
  // Of a perceptual table alone no black point is told; Little CMS leaves it as it is.
  const black = relative ? toXyz([0, 0, 0])[1] : 0
  return { shapes: [same, same, same], toXyz, black }
}

function matrixModel(profile: Profile): Model {
  const columns = ['rXYZ', 'gXYZ', 'bXYZ'].map((name) => needed(profile, name))
  const curves = ['rTRC', 'gTRC', 'bTRC'].map((name) => readCurve(needed(profile, name), 0).curve)
  const cells = [8, 12, 16].map((place) => columns.map((view) => fixed(view, place)))
  const row = (index: number, [red, green, blue]: Triple): number => {
    const [r = 0, g = 0, b = 0] = cells[index] ?? []
    return r * red + g * green + b * blue
  }
  const toXyz: Transform = (steps) => {
    const linear = [decoded(steps[0]), decoded(steps[1]), decoded(steps[2])] as const
    return [row(0, linear), row(1, linear), row(2, linear)]
  }
  const darkest = curves.map((curve) => encoded(curve(0)))
  return {
    shapes: curves.map((curve) => (value) => encoded(curve(value))),
    toXyz,
    black: toXyz([darkest[0] ?? 0, darkest[1] ?? 0, darkest[2] ?? 0])[1],
  }
}

function needed(profile: Profile, name: string): DataView {
  const tag = profile.tag(name)
  if (!tag || tag.byteLength < 12) throw new ProfileError(said('it lacks {tag}', { tag: name }))
  return tag
}

/** Encoded Lab → XYZ; tables of 16 bits count to 0xFF00, the others to their largest value. */
function labDecoder(encoding: Encoding): Transform {
  const scale = encoding === 'lut16' ? 65535 / 65280 : 1
  return ([l, a, b]) => {
    const y = (l * scale * 100 + 16) / 116
    const x = y + (a * scale * 255 - 128) / 500
    const z = y - (b * scale * 255 - 128) / 200
    return [D50[0] * cubed(x), cubed(y), D50[2] * cubed(z)]
  }
}

function cubed(value: number): number {
  return value > 6 / 29 ? value ** 3 : (value - 16 / 116) * 3 * (6 / 29) ** 2
}

function xyzDecoder([x, y, z]: Triple): Triple {
  const scale = 65535 / 32768
  return [x * scale, y * scale, z * scale]
}

/** To linear light of sRGB, the profile's black becoming black. */
function toLinear(toXyz: Transform, darkest: number): Transform {
  // A grey of the darkest colour's lightness, at most L* 50.
  const black = Math.min(Math.max(darkest, 0), 0.18418652)
  const factor = 1 / (1 - black)
  return (value) => {
    const [x, y, z] = toXyz(value)
    const moved = [x, y, z].map((part, axis) => (part - black * (D50[axis] ?? 1)) * factor)
    const [red = 0, green = 0, blue = 0] = TO_SRGB.map(
      ([a, b, c]) => a * (moved[0] ?? 0) + b * (moved[1] ?? 0) + c * (moved[2] ?? 0),
    )
    return [red, green, blue]
  }
}

function shaperOf(shapes: readonly Curve[]): Float32Array {
  const shaper = new Float32Array(SHAPED * 3)
  for (let point = 0; point < SHAPED; point++)
    shaper.set(
      shapes.map((shape) => shape(point / (SHAPED - 1))),
      point * 3,
    )
  return shaper
}

function filled(convert: Transform): Float32Array {
  const values = new Float32Array(SIDE ** 3 * 3)
  let position = 0
  for (let blue = 0; blue < SIDE; blue++) {
    for (let green = 0; green < SIDE; green++) {
      for (let red = 0; red < SIDE; red++) {
        values.set(convert([red / (SIDE - 1), green / (SIDE - 1), blue / (SIDE - 1)]), position)
        position += 3
      }
    }
  }
  return values
}

/** Whether colours come out as they went in; asked first, for most slides have such a profile. */
function changesNothing(shapes: readonly Curve[], convert: Transform): boolean {
  const steps = [0, 0.1, 0.3, 0.5, 0.7, 0.9, 1]
  return steps.every((red) =>
    steps.every((green) =>
      steps.every((blue) => {
        const colour = [red, green, blue] as const
        const [x = 0, y = 0, z = 0] = shapes.map((shape, channel) => shape(colour[channel] ?? 0))
        const found = convert([x, y, z]).map(encoded)
        return colour.every((value, channel) => Math.abs(value - (found[channel] ?? 0)) <= 1 / 255)
      }),
    ),
  )
}

function shapedBy(shaper: Float32Array, value: number, channel: number): number {
  const place = clamp(value) * (SHAPED - 1)
  const index = Math.min(Math.floor(place), SHAPED - 2)
  const low = shaper[index * 3 + channel] ?? 0
  return low + ((shaper[(index + 1) * 3 + channel] ?? low) - low) * (place - index)
}

function cornerOf(shaped: readonly number[], corner: number): { weight: number; index: number } {
  let weight = 1
  let index = 0
  for (let axis = 2; axis >= 0; axis--) {
    const place = clamp(shaped[axis] ?? 0) * (SIDE - 1)
    const low = Math.min(Math.floor(place), SIDE - 2)
    const isHigh = (corner >> axis) & 1
    weight *= isHigh ? place - low : 1 - (place - low)
    index = index * SIDE + low + isHigh
  }
  return { weight, index: index * 3 }
}

function encoded(linear: number): number {
  const value = clamp(linear)
  return value <= 0.0031308 ? value * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055
}

function decoded(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
}

function guarded<Value>(read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    if (error instanceof RangeError) throw new ProfileError(said('it is cut short'))
    throw error
  }
}
