// SPDX-License-Identifier: Apache-2.0
/** Keys and tools of finding one's way. */

import { signal } from '@preact/signals'

import { currentMap } from '../map/current'
import { viewed } from '../state'
import type { Command } from '../ui/commands'
import { toggleDrawer } from '../ui/toggles'
import { msg } from '../words'

/** Whether a magnification is being typed. */
export const typingScale = signal(false)

export const mirror: Command = {
  label: msg('mirror'),
  keys: ['f'],
  icon: 'mirror',
  run: () => currentMap.value?.mirror(),
  pressed: () => viewed.value?.mirrored ?? false,
}
export const goTo: Command = {
  ...toggleDrawer(msg('position and movement'), 'g', 'position'),
  icon: 'target',
}
export const typeScale: Command = {
  label: msg('type a magnification'),
  keys: ['z'],
  run: () => {
    typingScale.value = true
  },
}
