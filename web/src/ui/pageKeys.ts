// SPDX-License-Identifier: Apache-2.0
/** The keys of a page that is loaded later; while it is shown, they stand in the place of the slide's. */

import { signal } from '@preact/signals'

import type { CommandGroup } from './commands'

export interface PageKeys {
  readonly groups: readonly CommandGroup[]
  /** Gestures and what they mean. */
  readonly gestures: readonly (readonly [string, string])[]
}

export const pageKeys = signal<PageKeys | null>(null)
