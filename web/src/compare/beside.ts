// SPDX-License-Identifier: Apache-2.0
/**
 * Slides compared with the one of the address, as its text tells; what it means is read when the
 * page of comparison is loaded (`compare/link.ts`).
 */

import { batch, computed, signal } from '@preact/signals'

import type { SlideKey } from '../api'
import { link } from '../linked'
import { caseStudy, openSlide, slideKey } from '../state'

/** At most so many slides are compared. */
export const MOST_PANES = 4

const NAMES = ['beside', 'aligned', 'apart', 'lay', 'pairs', 'split', 'pane'] as const
/** What the address tells of a comparison, by parameter. */
export type ComparedText = Readonly<Partial<Record<(typeof NAMES)[number], string>>>

export const compared = signal<ComparedText>({})
/** Whether the page shows several slides. */
export const isComparing = computed(
  () => Boolean(compared.value.beside) && slideKey.value !== null && caseStudy.value === null,
)

for (const name of NAMES)
  link(name, {
    read: (text) => {
      const { [name]: before, ...others } = compared.peek()
      if ((text ?? undefined) !== before)
        compared.value = text === null ? others : { ...others, [name]: text }
    },
    write: () => (compared.value.beside ? (compared.value[name] ?? null) : null),
  })

/** Compare slides, as a new entry of the browser's history. */
export function compare([first, ...others]: readonly SlideKey[]): void {
  if (!first || others.length === 0) return
  batch(() => {
    openSlide(first)
    compared.value = { beside: others.map(keyText).join(' ') }
  })
}

/** A slide in the text of an address, without signs that would be escaped there. */
export function keyText({ study, series }: SlideKey): string {
  return `${study}_${series}`
}
