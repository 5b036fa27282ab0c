// SPDX-License-Identifier: Apache-2.0
/** What the reader wants of pictures, kept by the browser; patient data is asked for each time. */

import { signal, type Signal } from '@preact/signals'

import { habit } from '../habits'
import { PARTS, type Part } from './caption'
import type { Wish } from './plan'

/** What may stand in the caption. */
export const parts: Readonly<Record<Part, Signal<boolean>>> = {
  slide: habit('snapshot-slide', true),
  stain: habit('snapshot-stain', true),
  scale: habit('snapshot-scale', true),
  date: habit('snapshot-date', true),
  colours: habit('snapshot-colours', true),
  patient: signal(false),
}
export const barShown = habit('snapshot-bar', true)
export const wish = signal<Wish>({ enlargement: 1, inset: 'none', closer: 4 })

/** What is to stand in the caption. */
export function chosenParts(): Set<Part> {
  return new Set(PARTS.filter((part) => parts[part].value))
}
