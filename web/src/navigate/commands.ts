// SPDX-License-Identifier: Apache-2.0
/** Keys and tools of finding one's way. */

import { signal } from '@preact/signals'

import { currentMap } from '../map/current'
import { drawer, viewed } from '../state'
import type { Command } from '../ui/commands'
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
  label: msg('position and movement'),
  keys: ['g'],
  icon: 'target',
  run: () => {
    drawer.value = drawer.value === 'position' ? null : 'position'
  },
  pressed: () => drawer.value === 'position',
}
export const typeScale: Command = {
  label: msg('type a magnification'),
  keys: ['z'],
  run: () => {
    typingScale.value = true
  },
}

export const NAVIGATE_COMMANDS: readonly Command[] = [mirror, goTo, typeScale]
