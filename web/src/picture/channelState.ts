// SPDX-License-Identifier: Apache-2.0
/** The channels of a slide as the reader wants them; the address's text is what is kept. */

import { signal } from '@preact/signals'

import type { Pyramid } from '../dicom/pyramid'
import type { Slide } from '../dicom/slide'
import { link } from '../linked'
import { formatChannels, parseChannels, usualChannels, type Channel, type Window } from './channels'

const said = signal<string | null>(null)

link('ch', {
  read: (text) => {
    said.value = text
  },
  write: () => said.value,
})

/** Windows that were estimated of slides, a window for each path. */
const estimated = signal<ReadonlyMap<Slide, readonly Window[]>>(new Map())

/** Whether a slide's samples are grey values of channels. */
export function hasChannels({ levels }: Pyramid): boolean {
  const { samplesPerPixel, photometricInterpretation } = levels[0].image.samples
  return samplesPerPixel === 1 && photometricInterpretation.startsWith('MONOCHROME')
}

/** The channels of a slide, in the order of its optical paths. */
export function channelsOf({ pyramid }: Slide): Channel[] {
  return parseChannels(said.value, usualChannels(pyramid.paths))
}

/** Show channels otherwise from now on. */
export function showChannels({ pyramid }: Slide, channels: readonly Channel[]): void {
  said.value = formatChannels(channels, usualChannels(pyramid.paths))
}

/** The window that the values of a slide ask for; `null` until they are known. */
export function estimatedWindows(slide: Slide): readonly Window[] | null {
  return estimated.value.get(slide) ?? null
}

export function keepEstimate(slide: Slide, windows: readonly Window[]): void {
  estimated.value = new Map(estimated.value).set(slide, windows)
}

/** The largest value that samples of a slide can have. */
export function largestValue({ levels }: Pyramid): number {
  return 2 ** levels[0].image.samples.bitsAllocated - 1
}
