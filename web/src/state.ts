// SPDX-License-Identifier: Apache-2.0
/**
 * The one store. Panels read it, `load.ts` fills it from the server, `map/` writes where the view
 * is, and the address bar mirrors it.
 */

import { computed, effect, signal } from '@preact/signals'

import {
  DRAWERS,
  formatAddress,
  parseAddress,
  type DrawerName,
  type LinkedPanel,
  type Place,
} from './address'
import type { SlideKey } from './api'
import { presets, type Viewed } from './dicom/geometry'
import type { Identity, Slide } from './dicom/slide'
import { readLinked, writeLinked } from './linked'

/** Something on its way from the server. */
export type Loadable<Value> =
  | { readonly state: 'loading' }
  | { readonly state: 'ready'; readonly value: Value }
  | { readonly state: 'failed'; readonly message: string }

export const LOADING = { state: 'loading' } as const

/** Frames that could not be drawn. */
export interface Failures {
  readonly count: number
  readonly message: string
  /** Whether asking again may help. */
  readonly momentary: boolean
}

export type Theme = 'auto' | 'dark' | 'light'
const THEMES: readonly Theme[] = ['auto', 'dark', 'light']

const opened = parseAddress(location.pathname, location.search)

/** The slide shown; `null` on the tray. */
export const slideKey = signal<SlideKey | null>(opened.slide)
export const search = signal(opened.search)

export const tray = signal<Loadable<readonly Identity[]>>(LOADING)
export const slide = signal<Loadable<Slide>>(LOADING)
export const siblings = signal<readonly Identity[]>([])

/** Where the address asks the view to be; `null` for home. */
export const place = signal<Place | null>(opened.place)
/** Where the view is now; `null` until the map stands. */
export const viewed = signal<Viewed | null>(null)
export const drawing = signal<'loading' | 'ready'>('loading')
/** Whether the slide has been drawn once: what can wait, waits for that. */
export const drawnOnce = signal(false)
/** Frames that could not be read, and why the last one could not. */
export const failures = signal<Failures | null>(null)

/** The drawer that is open. */
export const drawer = signal<DrawerName | null>(drawerOf(opened.panels))
export const overviewShown = signal(opened.panels?.includes('overview') ?? true)
export const labelShown = signal(false)
export const helpShown = signal(false)
export const stripShown = signal(recall('strip') !== 'hidden')
/** Presentation: names and numbers of patients are not shown. */
export const identityHidden = signal(false)
export const theme = signal<Theme>(THEMES.find((choice) => choice === recall('theme')) ?? 'auto')

/** The slide on the page, once it is there. */
export const shown = computed(() => (slide.value.state === 'ready' ? slide.value.value : null))
/** Micrometres per screen pixel; `null` where the slide is not calibrated. */
export const screenMpp = computed(() => {
  const mpp = shown.value?.pyramid.mpp
  return mpp && viewed.value ? mpp * viewed.value.downsample : null
})
export const slidePresets = computed(() => {
  const current = shown.value
  return current?.pyramid.mpp ? presets(current.objectivePower, current.pyramid.mpp) : []
})

/** Go to a slide or to the tray, as a new entry of the browser's history. */
export function navigate(to: SlideKey | null): void {
  history.pushState(
    null,
    '',
    formatAddress({ slide: to, place: null, panels: null, search: to ? '' : search.value }),
  )
  readAddress()
}

/** Choose the next theme: automatic, dark, light. */
export function cycleTheme(): void {
  theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? 'auto'
}

/** Take the store's state from the address bar. */
function readAddress(): void {
  const {
    slide: key,
    place: asked,
    panels,
    search: sought,
  } = parseAddress(location.pathname, location.search)
  place.value = asked
  viewed.value = null
  labelShown.value = false
  if (panels) {
    drawer.value = drawerOf(panels)
    overviewShown.value = panels.includes('overview')
  }
  search.value = key ? search.value : sought
  readLinked(location.search)
  slideKey.value = key
}

function drawerOf(panels: readonly LinkedPanel[] | null): DrawerName | null {
  return DRAWERS.find((name) => panels?.includes(name)) ?? null
}

function panelsShown(): LinkedPanel[] | null {
  const panels: LinkedPanel[] = []
  if (drawer.value) panels.push(drawer.value)
  if (overviewShown.value) panels.push('overview')
  return panels.length === 1 && panels[0] === 'overview' ? null : panels
}

/** Keep the address bar, the theme and the reader's habits in step with the store. */
export function mirror(): void {
  addEventListener('popstate', readAddress)
  effect(() => {
    const key = slideKey.value
    const address = key
      ? { slide: key, place: place.value, panels: panelsShown(), search: '' }
      : { slide: null, place: null, panels: null, search: search.value }
    const more = key ? writeLinked() : []
    const written = formatAddress(address, shown.value?.pyramid.mpp !== null, more)
    if (written !== location.pathname + location.search) history.replaceState(null, '', written)
  })
  effect(() => {
    document.documentElement.dataset.theme = theme.value
    keep('theme', theme.value)
  })
  effect(() => {
    keep('strip', stripShown.value ? 'shown' : 'hidden')
  })
}

function recall(name: string): string | null {
  try {
    return localStorage.getItem(`coverslip.${name}`)
  } catch {
    return null // a browser may forbid storage; habits are then not kept
  }
}

function keep(name: string, value: string): void {
  try {
    localStorage.setItem(`coverslip.${name}`, value)
  } catch {
    // as above
  }
}
