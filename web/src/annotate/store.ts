// SPDX-License-Identifier: Apache-2.0
/** What the page knows of the annotations of the slide it shows. */

import { computed, signal } from '@preact/signals'

import { PALETTE } from '../vector/palette'
import type { Caller } from '../vector/rpc'
import type { DrawingTool } from './drawing'
import type { Annotation, Summary, Words } from './model'
import type { Work } from './work'

export type Tool = DrawingTool | 'edit'

export const EMPTY: Summary = {
  revision: 0,
  count: 0,
  canUndo: false,
  canRedo: false,
  allHidden: false,
  notKept: '',
}

/** The worker that has the slide's annotations; `null` until it runs. */
export const worker = signal<Caller<Work> | null>(null)
export const summary = signal<Summary>(EMPTY)
export const tool = signal<Tool | null>(null)
export const selected = signal<readonly Annotation[]>([])
export const filter = signal('')
/** What comes next is drawn with these. */
export const pen = signal<Words>({ label: '', colour: PALETTE[0].colour, note: '' })
/** How far an import is, from 0 to 1; `null` where there is none. */
export const importing = signal<{ readonly done: number; readonly cancel: () => void } | null>(null)
/** What happened last, for all to see and for screen readers. */
export const message = signal('')

export const selectedIds = computed(() => selected.value.map(({ id }) => id))
