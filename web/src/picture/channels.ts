// SPDX-License-Identifier: Apache-2.0
/**
 * Channels of a fluorescence slide: how each optical path is shown, and how an address says it.
 * `ch` has a word for each channel that is not as it comes: `2_ff0000_120-4000_1.5_off`.
 */

import type { OpticalPath, Rgb } from '../dicom/opticalPath'

/** Values that are to be black and full colour. */
export type Window = readonly [number, number]

export interface Channel {
  readonly isVisible: boolean
  readonly colour: Rgb
  /** `null`: from the values of the slide. */
  readonly window: Window | null
  readonly gamma: number
}

/** Colours that stay apart, in this order where neither slide nor light tells one. */
export const PALETTE: readonly Rgb[] = [
  [0, 114, 255],
  [0, 220, 80],
  [255, 60, 40],
  [255, 0, 220],
  [255, 200, 0],
  [0, 220, 220],
  [255, 255, 255],
]

/** Upper ends of ranges of light in nanometres, and the colour that the range is shown in. */
const LIGHT: readonly (readonly [number, Rgb])[] = [
  [480, [0, 114, 255]],
  [505, [0, 220, 220]],
  [550, [0, 220, 80]],
  [585, [255, 200, 0]],
  [640, [255, 60, 40]],
  [1400, [255, 0, 220]],
]

/** Channels that are shown unasked, at most. */
const MOST_SHOWN = 16

/**
 * How channels come: what glows together, in the colours that the slide tells, or else in those of
 * its light; of other paths the first alone, in grey. The server draws thumbnails by the same rule
 * (`tileserver/services/render`).
 */
export function usualChannels(paths: readonly OpticalPath[]): Channel[] {
  const glows = paths.some(({ isFluorescence }) => isFluorescence)
  return paths.map((path, index) => ({
    isVisible: index < (glows ? MOST_SHOWN : 1),
    colour: glows || index > 0 ? colourFor(path, index) : [255, 255, 255],
    window: null,
    gamma: 1,
  }))
}

/** Colours in a row, for who does not see those of the slide well. */
export function inPaletteColours(channels: readonly Channel[]): Channel[] {
  return channels.map((channel, index) => ({ ...channel, colour: paletteColour(index) }))
}

/** Each channel alone in grey, the first shown. */
export function inGrey(channels: readonly Channel[]): Channel[] {
  return channels.map((channel, index) => ({
    ...channel,
    colour: [255, 255, 255],
    isVisible: index === 0,
  }))
}

/** Write channels for an address; `null` where all are as they come. */
export function formatChannels(
  channels: readonly Channel[],
  usual: readonly Channel[],
): string | null {
  const words = channels.flatMap((channel, index) => {
    const before = usual[index]
    if (!before || isSame(channel, before)) return []
    const { colour, window, gamma, isVisible } = channel
    const parts = [index + 1, hex(colour), window ? window.join('-') : 'auto', gamma]
    return [[...parts, ...(isVisible ? [] : ['off'])].join('_')]
  })
  return words.length > 0 ? words.join(' ') : null
}

/** Read channels from an address; what cannot be understood stays as it comes. */
export function parseChannels(text: string | null, usual: readonly Channel[]): Channel[] {
  const channels = [...usual]
  for (const word of (text ?? '').split(' ')) {
    const [, number, colour, window, gamma, off] =
      /^(\d+)_([0-9a-f]{6})_(auto|\d+-\d+)_([\d.]+)(_off)?$/.exec(word) ?? []
    const index = Number(number) - 1
    if (!colour || !window || !channels[index]) continue
    channels[index] = {
      colour: rgb(colour),
      window: windowOf(window),
      gamma: Math.min(4, Math.max(0.25, Number(gamma) || 1)),
      isVisible: !off,
    }
  }
  return channels
}

/** `#rrggbb` without its sign. */
export function hex(colour: Rgb): string {
  return colour.map((value) => value.toString(16).padStart(2, '0')).join('')
}

/** The inverse of `hex`. */
export function rgb(text: string): Rgb {
  const at = (index: number): number => parseInt(text.slice(index, index + 2), 16) || 0
  return [at(0), at(2), at(4)]
}

function windowOf(text: string): Window | null {
  const [low = 0, high = 0] = text.split('-').map(Number)
  return high > low ? [low, high] : null
}

function isSame(one: Channel, other: Channel): boolean {
  return (
    one.isVisible === other.isVisible &&
    one.gamma === other.gamma &&
    hex(one.colour) === hex(other.colour) &&
    one.window?.join() === other.window?.join()
  )
}

function colourFor({ colour, wavelength }: OpticalPath, index: number): Rgb {
  if (colour) return colour
  const light = wavelength && LIGHT.find(([end]) => wavelength < end)
  return light ? light[1] : paletteColour(index)
}

function paletteColour(index: number): Rgb {
  return PALETTE[index % PALETTE.length] ?? [255, 255, 255]
}
