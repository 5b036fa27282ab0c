// SPDX-License-Identifier: Apache-2.0
/** The measures of the slide on the page, the tool in hand, and what is being drawn. */

import { computed, signal } from '@preact/signals'

import type { Point } from '../dicom/geometry'
import { drawer, slideKey } from '../state'
import type { Kind } from './geometry'
import { added, EMPTY, type Measures } from './history'

const histories = signal<Readonly<Record<string, Measures>>>({})

/** The measures of the slide on the page. */
export const history = computed(() => histories.value[slideKey.value?.series ?? ''] ?? EMPTY)

/** What a click draws; `null` where it selects. */
export const tool = signal<Kind | null>(null)
/** Points of the shape that is being drawn. */
export const draft = signal<readonly Point[]>([])
/** The measure that can be changed. */
export const selected = signal<number | null>(null)

/** Whether measures can be changed: while their drawer is open. */
export const measuring = computed(() => drawer.value === 'measure')

export function setHistory(next: Measures): void {
  const series = slideKey.value?.series
  if (series) histories.value = { ...histories.value, [series]: next }
}

/** Take a tool in hand, or put it away. */
export function take(kind: Kind | null): void {
  draft.value = []
  tool.value = kind
  if (kind) selected.value = null
}

/** Keep what was drawn as a measure. */
export function keepDraft(kind: Kind, points: readonly Point[]): void {
  draft.value = []
  setHistory(added(history.value, { kind, points }))
  selected.value = history.value.present.at(-1)?.id ?? null
}

/** Leave the topmost of what was begun; tells whether there was anything. */
export function leave(): boolean {
  if (!measuring.value) return false
  if (draft.value.length > 0) draft.value = []
  // Without a measure nothing can be changed once the tool is put away.
  else if (tool.value && history.value.present.length > 0) tool.value = null
  else if (selected.value !== null) selected.value = null
  else return false
  return true
}
