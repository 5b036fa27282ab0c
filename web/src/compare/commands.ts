// SPDX-License-Identifier: Apache-2.0
/** Keys and tools of a comparison; those that act on one slide act on the pane with focus. */

import { mppAt, presets } from '../dicom/geometry'
import { currentMap } from '../map/current'
import {
  fullScreen,
  PAGE_GROUPS,
  PANS,
  rotateLeft,
  rotateRight,
  upright,
  zoomIn,
  zoomOut,
  type Command,
  type CommandGroup,
} from '../ui/commands'
import { msg } from '../words'
import {
  focusNext,
  leaveComparison,
  linkedWithFocus,
  makeFirst,
  nextLayout,
  setLayout,
  toggleLink,
} from './actions'
import { beginAligning, endAligning, removePoint } from './aligning'
import { goHome, mountedAt } from './moving'
import { addShown, labelsShown } from './panels'
import { comparison } from './store'
import { redo, undo } from './undo'

const STEP = 0.05

export const leave: Command = {
  label: msg('the first slide alone'),
  keys: ['b'],
  icon: 'back',
  run: leaveComparison,
}
export const homeAll: Command = {
  label: msg('whole slides'),
  keys: ['h', '0', 'Home'],
  icon: 'home',
  run: () => {
    goHome()
  },
}
export const mirrorPane: Command = {
  label: msg('mirror'),
  keys: ['f'],
  icon: 'mirror',
  run: () => currentMap.value?.mirror(),
  pressed: () => currentMap.value?.map.mirrored ?? false,
}
export const linkPane: Command = {
  label: msg('move together'),
  keys: ['j'],
  icon: 'chain',
  run: () => {
    if (!comparison.value.aligning) toggleLink(linkedWithFocus())
  },
  pressed: () => !comparison.value.panes[linkedWithFocus()]?.own,
}
export const alignTool: Command = {
  label: msg('align by points'),
  keys: ['a'],
  icon: 'target',
  run: () => {
    if (comparison.value.aligning) endAligning()
    else beginAligning()
  },
  pressed: () => comparison.value.aligning,
}
export const undoAlignment: Command = {
  label: msg('undo alignment'),
  keys: ['z'],
  icon: 'undo',
  run: undo,
}
export const redoAlignment: Command = {
  label: msg('redo alignment'),
  keys: ['Z'],
  icon: 'redo',
  run: redo,
}
export const changeLayout: Command = {
  label: msg('side by side, overlay, swipe'),
  keys: ['v'],
  run: nextLayout,
}
export const addTool: Command = {
  label: msg('add a slide'),
  keys: ['C'],
  icon: 'addSlide',
  run: () => {
    addShown.value = !addShown.value
  },
  pressed: () => addShown.value,
}
export const labelsTool: Command = {
  label: msg('label'),
  keys: ['l'],
  icon: 'label',
  run: () => {
    labelsShown.value = !labelsShown.value
  },
  pressed: () => labelsShown.value,
}
const nextPane: Command = {
  label: msg('next pane'),
  keys: ['n'],
  run: () => {
    focusNext(1)
  },
}
const previousPane: Command = {
  label: msg('previous pane'),
  keys: ['N'],
  run: () => {
    focusNext(-1)
  },
}
const first: Command = {
  label: msg('make it the first slide'),
  keys: ['q'],
  run: () => {
    makeFirst(comparison.value.focus)
  },
}
const less: Command = {
  label: msg('less of the upper slide'),
  keys: ['['],
  run: () => {
    shiftUpper(-STEP)
  },
}
const more: Command = {
  label: msg('more of the upper slide'),
  keys: [']'],
  run: () => {
    shiftUpper(STEP)
  },
}
const fewerPoints: Command = {
  label: msg('remove the last point'),
  keys: ['Backspace'],
  run: () => {
    if (comparison.value.aligning) removePoint()
  },
}

const DIGITS: readonly Command[] = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((digit) => ({
  label: msg('magnification preset'),
  keys: [String(digit)],
  run: () => {
    goToPreset(digit - 1)
  },
}))

/** Everything on the comparing page, as the help lists it. */
export const COMPARE_GROUPS: readonly CommandGroup[] = [
  { title: msg('magnification'), commands: [zoomIn, zoomOut, homeAll, ...DIGITS] },
  {
    title: msg('place and turn'),
    commands: [...PANS, rotateRight, rotateLeft, upright, mirrorPane],
  },
  { title: msg('panes'), commands: [nextPane, previousPane, first, addTool, labelsTool, leave] },
  {
    title: msg('linking and aligning'),
    commands: [linkPane, alignTool, fewerPoints, undoAlignment, redoAlignment],
  },
  { title: msg('layout'), commands: [changeLayout, less, more, fullScreen] },
  ...PAGE_GROUPS,
]

export const COMPARE_GESTURES = [
  [msg('drag'), msg('move the slides')],
  [msg('wheel'), msg('zoom at the pointer')],
  [msg('right drag'), msg('turn the slides (or shift drag)')],
  [msg('tab'), msg('from pane to pane')],
  [msg('enter'), msg('set a point below the cross, when aligning')],
] as const

function shiftUpper(by: number): void {
  const { kind, at } = comparison.peek().layout
  // A line that moves to the left uncovers more of the upper slide, which lies to its right.
  const next = kind === 'swipe' ? at - by : at + by
  if (kind !== 'side') setLayout({ at: Math.min(1, Math.max(0, next)) })
}

function goToPreset(index: number): void {
  const { slide, map } = mountedAt(comparison.peek().focus) ?? {}
  const mpp = slide?.pyramid.mpp
  const preset = mpp && presets(slide.objectivePower, mpp)[index]
  if (mpp && preset) map?.go({ downsample: mppAt(preset) / mpp })
}
