// SPDX-License-Identifier: Apache-2.0
/** Slides chosen to be compared, of one case or of several; kept until the browser's tab is closed. */

import { effect, signal } from '@preact/signals'

import type { SlideKey } from '../api'
import { keyText, MOST_PANES } from './beside'

const KEPT = 'coverslip.compare'

export const chosen = signal<readonly SlideKey[]>(recalled())

effect(() => {
  const text = chosen.value.map(keyText).join(' ')
  try {
    sessionStorage.setItem(KEPT, text)
  } catch {
    // a browser may forbid storage; what is chosen then ends with the page
  }
})

export function isChosen({ series }: SlideKey): boolean {
  return chosen.value.some((key) => key.series === series)
}

/** Choose a slide, or leave it; there is room for a few. */
export function toggleChosen(key: SlideKey): void {
  const others = chosen.value.filter(({ series }) => series !== key.series)
  const isNew = others.length === chosen.value.length
  if (isNew && others.length >= MOST_PANES) return
  chosen.value = isNew ? [...others, key] : others
}

function recalled(): SlideKey[] {
  let text = ''
  try {
    text = sessionStorage.getItem(KEPT) ?? ''
  } catch {
    return []
  }
  return text.split(' ').flatMap((word) => {
    const [, study, series] = /^([0-9.]+)_([0-9.]+)$/.exec(word) ?? []
    return study && series ? [{ study, series }] : []
  })
}
