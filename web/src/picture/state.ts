// SPDX-License-Identifier: Apache-2.0
/** The picture's settings, and what became of them; one for all maps of the page. */

import { signal } from '@preact/signals'

import { link } from '../linked'
import { AS_IT_COMES, formatSettings, parseSettings, type PictureSettings } from './settings'

/** What the reader chose. */
export const settings = signal<PictureSettings>(AS_IT_COMES)
/** Whether the browser can change colours at all; known once it was needed. */
export const canChange = signal<boolean | null>(null)
/** Whether the next click on the slide tells what is white. */
export const picking = signal(false)

link('pic', {
  read: (text) => {
    settings.value = parseSettings(text)
  },
  write: () => formatSettings(settings.value),
})

/** Wait for a click that tells what is white; meanwhile colours are as stored, or stop waiting. */
export function pick(wait: boolean): void {
  picking.value = wait
  settings.value = { ...settings.value, asStored: wait }
}

/** Change some of the settings; whoever changes something wants to see it. */
export function change(some: Partial<PictureSettings>): void {
  settings.value = { ...settings.value, asStored: false, ...some }
}
