// SPDX-License-Identifier: Apache-2.0
/** Keys and tools of the picture. */

import { drawer, shown } from '../state'
import type { Command } from '../ui/commands'
import { onEscape } from '../ui/escape'
import { msg } from '../words'
import { focus } from './sheets'
import { pick, picking, settings } from './state'

export const pictureTool: Command = {
  label: msg('picture'),
  keys: ['k'],
  icon: 'picture',
  run: () => {
    drawer.value = drawer.value === 'picture' ? null : 'picture'
  },
  pressed: () => drawer.value === 'picture',
}

/** All that is done to colours, away and back. */
export const compareStored: Command = {
  label: msg('colours as stored'),
  keys: ['x'],
  run: () => {
    settings.value = { ...settings.value, asStored: !settings.value.asStored }
  },
  pressed: () => settings.value.asStored,
}

export const channelsTool: Command = {
  label: msg('channels'),
  keys: ['K'],
  icon: 'channels',
  run: () => {
    drawer.value = drawer.value === 'channels' ? null : 'channels'
  },
  pressed: () => drawer.value === 'channels',
}

export const focusLower: Command = {
  label: msg('focus lower'),
  keys: [',', 'PageDown'],
  icon: 'lower',
  run: () => {
    focusBy(-1)
  },
}
export const focusHigher: Command = {
  label: msg('focus higher'),
  keys: ['.', 'PageUp'],
  icon: 'higher',
  run: () => {
    focusBy(1)
  },
}

export const PICTURE_COMMANDS: readonly Command[] = [
  pictureTool,
  compareStored,
  channelsTool,
  focusLower,
  focusHigher,
]

function focusBy(steps: number): void {
  if (shown.value) focus(shown.value.pyramid, steps)
}

onEscape(() => {
  const was = picking.value
  if (was) pick(false)
  return was
})
