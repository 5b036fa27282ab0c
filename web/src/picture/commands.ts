// SPDX-License-Identifier: Apache-2.0
/** Keys and tools of the picture. */

import { shown } from '../state'
import type { Command } from '../ui/commands'
import { onEscape } from '../ui/escape'
import { toggleDrawer } from '../ui/toggles'
import { msg } from '../words'
import { hasChannels } from './channelState'
import { focus } from './sheets'
import { pick, picking, settings } from './state'

export const pictureTool: Command = {
  ...toggleDrawer(msg('picture'), 'k', 'picture'),
  icon: 'picture',
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
  ...toggleDrawer(msg('channels'), 'K', 'channels'),
  icon: 'channels',
  offered: () => {
    const pyramid = shown.value?.pyramid
    return pyramid !== undefined && (hasChannels(pyramid) || pyramid.paths.length > 1)
  },
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
