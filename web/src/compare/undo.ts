// SPDX-License-Identifier: Apache-2.0
/** How slides were aligned before: each change of that can be undone and done again. */

import { batch, computed, signal } from '@preact/signals'

import type { Affine } from './affine'
import { showAll } from './moving'
import { changePanes, comparison } from './store'

type Alignments = readonly (Affine | null)[]
const past = signal<readonly Alignments[]>([])
const future = signal<readonly Alignments[]>([])
export const canUndo = computed(() => past.value.length > 0)
export const canRedo = computed(() => future.value.length > 0)
/** How slides are aligned now. */
export function present(): Alignments {
  return comparison.peek().panes.map(({ alignment }) => alignment)
}

/** Keep how it was before, where that is changed. */
export function remember(before: Alignments): void {
  const now = present()
  if (before.every((alignment, index) => alignment === now[index])) return
  past.value = [...past.value, before].slice(-50)
  future.value = []
}

/** Back to how slides were aligned before. */
export function undo(): void {
  step(past, future)
}

export function redo(): void {
  step(future, past)
}

function step(from: typeof past, to: typeof past): void {
  const { aligning, panes } = comparison.peek()
  const wanted = from.peek().at(-1)
  if (!wanted || aligning || wanted.length !== panes.length) return
  batch(() => {
    from.value = from.value.slice(0, -1)
    to.value = [...to.value, present()]
    changePanes((pane, index) => ({
      ...pane,
      alignment: wanted[index] ?? null,
    }))
  })
  showAll()
}

/** Nothing can be undone where the slides are others. */
export function forget(): void {
  past.value = []
  future.value = []
}
