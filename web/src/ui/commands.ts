// SPDX-License-Identifier: Apache-2.0
/** Everything a key or a tool does on the slide page, in one table: tools, keys and help read it. */

import type { DrawerName } from '../address'
import type { SlideKey } from '../api'
import { keyOf } from '../load'
import { currentMap, magnify } from '../map/current'
import {
  cycleTheme,
  drawer,
  helpShown,
  identityHidden,
  labelShown,
  navigate,
  overviewShown,
  shown,
  siblings,
  slideKey,
  slidePresets,
  stripShown,
  theme,
} from '../state'
import { msg } from '../words'
import { onEscape } from './escape'
import type { IconName } from './Icon'
import { cases } from './tray'

export interface Command {
  readonly label: string
  /** Values of `KeyboardEvent.key`; the first is the one shown. */
  readonly keys: readonly string[]
  readonly run: () => void
  readonly icon?: IconName
  /** For what is on or off. */
  readonly pressed?: () => boolean
}

const ZOOM_STEP = Math.SQRT2
const PAN_STEP = 0.2

export const zoomIn: Command = {
  label: 'zoom in',
  keys: ['+', '='],
  icon: 'plus',
  run: () => currentMap.value?.zoom(ZOOM_STEP),
}
export const zoomOut: Command = {
  label: 'zoom out',
  keys: ['-', '_'],
  icon: 'minus',
  run: () => currentMap.value?.zoom(1 / ZOOM_STEP),
}
export const home: Command = {
  label: 'whole slide',
  keys: ['0', 'h', 'Home'],
  icon: 'home',
  run: () => currentMap.value?.home(),
}
export const rotateLeft: Command = {
  label: 'rotate left',
  keys: ['R'],
  icon: 'rotateLeft',
  run: () => currentMap.value?.rotate(-90),
}
export const rotateRight: Command = {
  label: 'rotate right',
  keys: ['r'],
  icon: 'rotateRight',
  run: () => currentMap.value?.rotate(90),
}
export const upright: Command = {
  label: 'upright',
  keys: ['u'],
  run: () => currentMap.value?.go({ rotation: 0 }),
}
export const fullScreen: Command = {
  label: 'full screen',
  keys: ['f'],
  icon: 'fullScreen',
  run: toggleFullScreen,
}
export const changeTheme: Command = { label: 'theme', keys: ['t'], icon: 'theme', run: cycleTheme }
export const label: Command = { ...toggle('label', 'l', labelShown), icon: 'label' }
export const overview: Command = { ...toggle('overview', 'o', overviewShown), icon: 'overview' }
export const layers: Command = { ...toggleDrawer(msg('layers'), 'y', 'layers'), icon: 'layers' }
export const annotations: Command = {
  ...toggleDrawer(msg('annotations'), 'a', 'annotations'),
  icon: 'annotations',
}
export const info: Command = { ...toggleDrawer('information', 'i', 'info'), icon: 'info' }
export const strip: Command = { ...toggle('slides of this case', 's', stripShown), icon: 'strip' }
export const presentation: Command = toggle('hide identity', 'p', identityHidden)
export const help: Command = { ...toggle('keys', '?', helpShown), icon: 'help' }
export const nextSlide: Command = {
  label: 'next slide',
  keys: ['n'],
  run: () => {
    goToSibling(1)
  },
}
export const previousSlide: Command = {
  label: 'previous slide',
  keys: ['N'],
  run: () => {
    goToSibling(-1)
  },
}
export const back: Command = {
  label: 'all slides',
  keys: ['b'],
  icon: 'back',
  run: () => {
    navigate(null)
  },
}

const PANS: readonly Command[] = [
  { label: 'pan left', keys: ['ArrowLeft'], run: () => currentMap.value?.pan(-PAN_STEP, 0) },
  { label: 'pan right', keys: ['ArrowRight'], run: () => currentMap.value?.pan(PAN_STEP, 0) },
  { label: 'pan up', keys: ['ArrowUp'], run: () => currentMap.value?.pan(0, -PAN_STEP) },
  { label: 'pan down', keys: ['ArrowDown'], run: () => currentMap.value?.pan(0, PAN_STEP) },
]

const DIGITS: readonly Command[] = [1, 2, 3, 4, 5, 6].map((digit) => ({
  label: `magnification preset ${digit}`,
  keys: [String(digit)],
  run: () => {
    goToPreset(digit - 1)
  },
}))

export const TRAY_COMMANDS: readonly Command[] = [changeTheme, help, presentation]

/** The slide page's commands, as the help lists them. */
export const LISTED_COMMANDS: readonly Command[] = [
  zoomIn,
  zoomOut,
  home,
  rotateRight,
  rotateLeft,
  upright,
  label,
  overview,
  layers,
  annotations,
  info,
  strip,
  nextSlide,
  previousSlide,
  back,
  fullScreen,
  ...TRAY_COMMANDS,
]

export const SLIDE_COMMANDS: readonly Command[] = [...LISTED_COMMANDS, ...PANS, ...DIGITS]

/** The theme's present choice, in a word. */
export function themeLabel(): string {
  return theme.value === 'auto' ? 'theme: automatic' : `theme: ${theme.value}`
}

onEscape(() => {
  const open = drawer.value !== null
  drawer.value = null
  return open
})
onEscape(() => {
  const open = labelShown.value
  labelShown.value = false
  return open
})

/** The slide so many places after the present one in its case. */
export function sibling(step: number): SlideKey | null {
  const members = cases(siblings.value)[0]?.slides ?? []
  const index = members.findIndex((member) => member.seriesInstanceUid === slideKey.value?.series)
  const found = index < 0 ? undefined : members[index + step]
  return found ? keyOf(found) : null
}

function toggle(name: string, key: string, panel: { value: boolean }): Command {
  return {
    label: name,
    keys: [key],
    run: () => {
      panel.value = !panel.value
    },
    pressed: () => panel.value,
  }
}

/** A command that opens a drawer, or closes it. */
export function toggleDrawer(name: string, key: string, which: DrawerName): Command {
  return {
    label: name,
    keys: [key],
    run: () => {
      drawer.value = drawer.value === which ? null : which
    },
    pressed: () => drawer.value === which,
  }
}

function goToPreset(index: number): void {
  const preset = slidePresets.value[index]
  const mpp = shown.value?.pyramid.mpp
  if (preset && mpp) magnify(preset, mpp)
}

function goToSibling(step: number): void {
  const to = sibling(step)
  if (to) navigate(to)
}

function toggleFullScreen(): void {
  void (document.fullscreenElement
    ? document.exitFullscreen()
    : document.documentElement.requestFullscreen())
}
