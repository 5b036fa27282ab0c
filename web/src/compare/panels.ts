// SPDX-License-Identifier: Apache-2.0
/** What is open on the page of comparison. */

import { signal } from '@preact/signals'

import { onEscape } from '../ui/escape'

/** The list of slides that can be added. */
export const addShown = signal(false)
/** Pictures of labels, which may name the patient: shown only when asked for. */
export const labelsShown = signal(false)

for (const panel of [labelsShown, addShown])
  onEscape(() => {
    const wasShown = panel.value
    panel.value = false
    return wasShown
  })
