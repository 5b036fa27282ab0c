// SPDX-License-Identifier: Apache-2.0
/** Everything a key or a tool does on the slide page, in one table: tools, keys and help read it. */

import type { SlideKey } from '../api'
import { openBeside } from '../compare/tool'
import { keyOf } from '../load'
import { currentMap, magnify } from '../map/current'
import { MEASURE_COMMANDS } from '../measure/commands'
import { goTo, mirror, typeScale } from '../navigate/commands'
import { PICTURE_COMMANDS } from '../picture/commands'
import { settings } from '../settings/commands'
import { SNAPSHOT_COMMANDS } from '../snapshot/commands'
import {
  cycleLanguage,
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
  type Theme,
} from '../state'
import { language, LANGUAGES, msg, t } from '../words'
import { back, besideCase } from './caseCommands'
import { onEscape } from './escape'
import type { IconName } from './Icon'
import { toggle, toggleDrawer } from './toggles'
import { cases } from './tray'

export interface Command {
  readonly label: string
  /** Values of `KeyboardEvent.key`; the first is the one shown. */
  readonly keys: readonly string[]
  readonly run: () => void
  readonly icon?: IconName
  /** For what is on or off. */
  readonly pressed?: () => boolean
  /** For tools that only some slides need; keys and help have them always. */
  readonly offered?: () => boolean
}

const ZOOM_STEP = Math.SQRT2
const PAN_STEP = 0.2

export const zoomIn: Command = {
  label: msg('zoom in'),
  keys: ['+', '='],
  icon: 'plus',
  run: () => currentMap.value?.zoom(ZOOM_STEP),
}
export const zoomOut: Command = {
  label: msg('zoom out'),
  keys: ['-', '_'],
  icon: 'minus',
  run: () => currentMap.value?.zoom(1 / ZOOM_STEP),
}
export const home: Command = {
  label: msg('whole slide'),
  keys: ['h', '0', 'Home'],
  icon: 'home',
  run: () => currentMap.value?.home(),
}
export const rotateLeft: Command = {
  label: msg('rotate left'),
  keys: ['R'],
  icon: 'rotateLeft',
  run: () => currentMap.value?.rotate(-90),
}
export const rotateRight: Command = {
  label: msg('rotate right'),
  keys: ['r'],
  icon: 'rotateRight',
  run: () => currentMap.value?.rotate(90),
}
export const upright: Command = {
  label: msg('upright'),
  keys: ['u'],
  run: () => currentMap.value?.go({ rotation: 0 }),
}
export const fullScreen: Command = {
  label: msg('full screen'),
  keys: ['F'],
  icon: 'fullScreen',
  run: toggleFullScreen,
}
export const changeTheme: Command = {
  label: msg('theme'),
  keys: ['t'],
  icon: 'theme',
  run: cycleTheme,
}
export const changeLanguage: Command = {
  label: msg('language'),
  keys: ['L'],
  icon: 'language',
  run: cycleLanguage,
}
export const label: Command = { ...toggle(msg('label'), 'l', labelShown), icon: 'label' }
export const overview: Command = {
  ...toggle(msg('overview'), 'o', overviewShown),
  icon: 'overview',
}
export const layers: Command = { ...toggleDrawer(msg('layers'), 'y', 'layers'), icon: 'layers' }
export const annotations: Command = {
  ...toggleDrawer(msg('annotations'), 'a', 'annotations'),
  icon: 'annotations',
}
export const info: Command = { ...toggleDrawer(msg('information'), 'i', 'info'), icon: 'info' }
export const strip: Command = {
  ...toggle(msg('slides of this case'), 's', stripShown),
  icon: 'strip',
}
export const presentation: Command = toggle(msg('hide identity'), 'p', identityHidden)
export const help: Command = { ...toggle(msg('keys'), '?', helpShown), icon: 'help' }
export const nextSlide: Command = {
  label: msg('next slide'),
  keys: ['n'],
  run: () => {
    goToSibling(1)
  },
}
export const previousSlide: Command = {
  label: msg('previous slide'),
  keys: ['N'],
  run: () => {
    goToSibling(-1)
  },
}
/** Arrows move what is shown. */
export const PANS: readonly Command[] = [
  { label: msg('pan left'), keys: ['ArrowLeft'], run: () => currentMap.value?.pan(-PAN_STEP, 0) },
  { label: msg('pan right'), keys: ['ArrowRight'], run: () => currentMap.value?.pan(PAN_STEP, 0) },
  { label: msg('pan up'), keys: ['ArrowUp'], run: () => currentMap.value?.pan(0, -PAN_STEP) },
  { label: msg('pan down'), keys: ['ArrowDown'], run: () => currentMap.value?.pan(0, PAN_STEP) },
]

const DIGITS: readonly Command[] = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((digit) => ({
  label: msg('magnification preset'),
  keys: [String(digit)],
  run: () => {
    goToPreset(digit - 1)
  },
}))

/** Commands that belong together, as the help lists them. */
export interface CommandGroup {
  readonly title: string
  readonly commands: readonly Command[]
}

export const PAGE_GROUPS: readonly CommandGroup[] = [
  {
    title: msg('page'),
    commands: [help, settings, changeTheme, changeLanguage, presentation],
  },
]

/** Everything on the slide page; what is in none of these groups has no key. */
export const SLIDE_GROUPS: readonly CommandGroup[] = [
  { title: msg('magnification'), commands: [zoomIn, zoomOut, home, ...DIGITS, typeScale] },
  {
    title: msg('place and turn'),
    commands: [...PANS, goTo, rotateRight, rotateLeft, upright, mirror],
  },
  { title: msg('picture'), commands: PICTURE_COMMANDS },
  {
    title: msg('layers, measures, pictures, links'),
    commands: [layers, annotations, ...MEASURE_COMMANDS, ...SNAPSHOT_COMMANDS],
  },
  { title: msg('panels'), commands: [label, overview, info, fullScreen] },
  { title: msg('case'), commands: [openBeside, nextSlide, previousSlide, strip, back, besideCase] },
  ...PAGE_GROUPS,
]

export const TRAY_COMMANDS: readonly Command[] = PAGE_GROUPS.flatMap(({ commands }) => commands)
export const SLIDE_COMMANDS: readonly Command[] = SLIDE_GROUPS.flatMap(({ commands }) => commands)

/** The language spoken, by its own name. */
export function languageLabel(): string {
  return t('language: {name}', { name: LANGUAGES[language.value] })
}

const THEME_LABELS: Readonly<Record<Theme, string>> = {
  auto: msg('theme: automatic'),
  dark: msg('theme: dark'),
  light: msg('theme: light'),
}

/** The theme's present choice, in a word. */
export function themeLabel(): string {
  return t(THEME_LABELS[theme.value])
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
