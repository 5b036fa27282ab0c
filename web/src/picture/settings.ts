// SPDX-License-Identifier: Apache-2.0
/**
 * How a slide's picture is changed for the eye, and how an address says it: `pic` has one word for
 * each thing that is not as it comes, such as `gamma_1.2`, so that a shared link shows the same.
 */

/** What is mixed of a picture's stains: nothing of one, or all of it. */
export interface StainsShown {
  readonly haematoxylin: boolean
  readonly eosin: boolean
  readonly residual: boolean
}

/** Which colours the stains have: those of Ruifrok and Johnston, or the slide's own (Macenko). */
export type StainColours = 'standard' | 'slide'

export interface PictureSettings {
  /** Everything below is left out, to compare. */
  readonly asStored: boolean
  /** Whether colours go through the slide's ICC profile. */
  readonly profile: boolean
  /** What is to be white, from 1 to 255 each. */
  readonly white: readonly [number, number, number]
  /** Added, in per cent of white. */
  readonly brightness: number
  /** Factor of the distance from middle grey. */
  readonly contrast: number
  /** Exponent's inverse: above 1 the dark becomes lighter. */
  readonly gamma: number
  /** Factor of the distance from grey of the same lightness. */
  readonly saturation: number
  /** `null`: the stains are not taken apart. */
  readonly stains: StainsShown | null
  readonly stainColours: StainColours
  /** Whether enlarged pixels run into each other. */
  readonly smooth: boolean
}

export const AS_IT_COMES: PictureSettings = {
  asStored: false,
  profile: true,
  white: [255, 255, 255],
  brightness: 0,
  contrast: 1,
  gamma: 1,
  saturation: 1,
  stains: null,
  stainColours: 'standard',
  smooth: true,
}

/** How far each number may go. */
export const RANGES = {
  brightness: [-50, 50],
  contrast: [0.25, 4],
  gamma: [0.25, 4],
  saturation: [0, 2],
} as const

export type Amount = keyof typeof RANGES
const AMOUNTS = Object.keys(RANGES) as Amount[]

/** Whether a picture with these settings differs from what is stored, but for its profile. */
export function isChanged(settings: PictureSettings): boolean {
  return (
    !settings.asStored &&
    (settings.stains !== null ||
      settings.white.some((value) => value !== 255) ||
      AMOUNTS.some((name) => settings[name] !== AS_IT_COMES[name]))
  )
}

/** Write settings for an address; `null` where all is as it comes. */
export function formatSettings(settings: PictureSettings): string | null {
  const { stains, white } = settings
  const words = AMOUNTS.filter((name) => settings[name] !== AS_IT_COMES[name]).map(
    (name) => `${name}_${Number(settings[name].toFixed(3))}`,
  )
  if (settings.asStored) words.push('stored')
  if (!settings.profile) words.push('noprofile')
  if (white.some((value) => value !== 255)) words.push(`white_${white.join('_')}`)
  if (stains) words.push(`stains_${stainLetters(stains)}`)
  if (settings.stainColours === 'slide') words.push('macenko')
  if (!settings.smooth) words.push('nearest')
  return words.length > 0 ? words.join(' ') : null
}

/** Read settings from an address; what cannot be understood is taken as not said. */
export function parseSettings(text: string | null): PictureSettings {
  const said = new Map((text ?? '').split(' ').map((word) => wordOf(word)))
  const stains = said.get('stains')
  return {
    asStored: said.has('stored'),
    profile: !said.has('noprofile'),
    white: whiteOf(said.get('white')),
    brightness: amountOf('brightness', said.get('brightness')),
    contrast: amountOf('contrast', said.get('contrast')),
    gamma: amountOf('gamma', said.get('gamma')),
    saturation: amountOf('saturation', said.get('saturation')),
    stains: stains === undefined ? null : stainsOf(stains),
    stainColours: said.has('macenko') ? 'slide' : 'standard',
    smooth: !said.has('nearest'),
  }
}

/** A number within the range of what it is for. */
export function within(name: Amount, value: number): number {
  const [least, most] = RANGES[name]
  return Math.min(most, Math.max(least, value))
}

function wordOf(word: string): [string, string] {
  const [name = '', ...values] = word.split('_')
  return [name, values.join('_')]
}

function amountOf(name: Amount, said: string | undefined): number {
  const value = said ? Number(said) : NaN
  return Number.isFinite(value) ? within(name, value) : AS_IT_COMES[name]
}

function whiteOf(said: string | undefined): PictureSettings['white'] {
  const [red = 0, green = 0, blue = 0, ...more] = (said ?? '').split('_').map(Number)
  const known = [red, green, blue].every((value) => Number.isInteger(value) && isSample(value))
  return known && more.length === 0 ? [red, green, blue] : AS_IT_COMES.white
}

function isSample(value: number): boolean {
  return value >= 1 && value <= 255
}

function stainsOf(said: string): StainsShown {
  return {
    haematoxylin: said.includes('h'),
    eosin: said.includes('e'),
    residual: said.includes('r'),
  }
}

function stainLetters({ haematoxylin, eosin, residual }: StainsShown): string {
  return `${haematoxylin ? 'h' : ''}${eosin ? 'e' : ''}${residual ? 'r' : ''}`
}
