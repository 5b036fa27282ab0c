// SPDX-License-Identifier: Apache-2.0
/** What all layers have in common, as the drawer shows them. */

import type { Signal } from '@preact/signals'

import type { PaintedLayer } from '../vector/tileLayer'

/** A segment or a group: a line of the legend. */
export interface Entry {
  readonly id: number
  readonly label: string
  readonly colour: string
  readonly count?: number
}

/** Values and their colours: the legend of a map. */
export interface Scale {
  readonly name: string
  readonly unit: string
  readonly range: readonly [number, number] | null
  /** Whether the range is that of what was seen so far. */
  readonly measured: boolean
}

export interface Layer {
  readonly title: string
  readonly kind: string
  readonly painted: PaintedLayer
  readonly entries: readonly Entry[]
  readonly scale: Signal<Scale> | null
  /** Ids of entries that are seen; a map has one, 0. */
  readonly seen: Signal<ReadonlySet<number>>
  readonly opacity: Signal<number>
  /** What cannot be shown now, and why; empty where all is. */
  readonly problem: Signal<string>
  readonly end: () => void
}
