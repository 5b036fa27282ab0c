// SPDX-License-Identifier: Apache-2.0
/**
 * The one store. Panels read it, `load.ts` fills it from the server, `map/` writes where the view
 * is, and the address bar mirrors it.
 */

import { computed, effect, signal } from '@preact/signals'

import {
  DRAWERS,
  formatAddress,
  isJobsPath,
  isNoPage,
  parseAddress,
  type Address,
  type DrawerName,
  type LinkedPanel,
  type Place,
} from './address'
import type { SlideKey } from './api'
import { presets, type Viewed } from './dicom/geometry'
import type { Identity, Slide } from './dicom/slide'
import { habit, keep, recall } from './habits'
import { readLinked, writeLinked } from './linked'
import { language, languageOf, preferred, speak, type Language } from './words'

/** Something on its way from the server. */
export type Loadable<Value> =
  | { readonly state: 'loading' }
  | { readonly state: 'ready'; readonly value: Value }
  | { readonly state: 'failed'; readonly message: string }

export const LOADING = { state: 'loading' } as const

/** Frames that could not be drawn. */
export interface Failures {
  readonly count: number
  /** Each reason once. */
  readonly reasons: readonly string[]
  /** Whether asking again may help. */
  readonly momentary: boolean
}

export type Theme = 'auto' | 'dark' | 'light'
export const THEMES: readonly Theme[] = ['auto', 'dark', 'light']

const opened = parseAddress(location.pathname, location.search)

/** The slide shown; `null` on the worklist. */
export const slideKey = signal<SlideKey | null>(opened.slide)
/** The case whose page is shown; `null` on a slide's own page and on the worklist. */
export const caseStudy = signal<string | null>(opened.study)
/** Whether the page of jobs is shown, and whether the address is that of no page. */
export const jobsShown = signal(isJobsPath(location.pathname))
export const isLost = signal(isNoPage(location.pathname))
export const search = signal(opened.search)
/** The worklist's order, and the row of it that is chosen. */
export const sort = signal(opened.sort)
export const row = signal(opened.row ?? 0)
/** Series and instance of the file of the case whose attributes are shown. */
export const file = signal(opened.file)
/** The language that the address asks for, over the reader's own choice. */
export const linkedLanguage = signal<Language | null>(opened.language)

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
/** What the frames are stored as, where the server has to draw them. */
export const serverDrawn = signal<string | null>(null)

/** What stands in the address bar: path and query. */
export const address = signal(location.pathname + location.search)
/** How far the slide on the page is converted, of 1; `null` where it is whole, as far as known. */
export const growth = signal<{ readonly part: number | null } | null>(null)

/** The drawer that is open. */
export const drawer = signal<DrawerName | null>(drawerOf(opened.panels))
export const overviewShown = signal(opened.panels?.includes('overview') ?? true)
/** Whether label images, which may name the patient, are shown without being asked for. */
export const labelsLiked = habit('labels', false)
export const helpShown = signal(false)
export const settingsShown = signal(false)
/** Whether something lies over the page that keys are for. */
export const isCovered = computed(() => helpShown.value || settingsShown.value)
export const stripShown = signal(recall('strip') !== 'hidden')
/** Whether pages begin without the names and numbers of patients. */
export const hiddenAtFirst = habit('identity-hidden', false)
/** Presentation: names and numbers of patients are not shown. */
export const identityHidden = signal(hiddenAtFirst.value)
export const labelShown = signal(labelsLiked.value && !hiddenAtFirst.value)
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

/**
 * Go to a slide or to the worklist, as a new entry of the browser's history. A slide of the case
 * whose page is shown opens there.
 */
export function navigate(to: SlideKey | null): void {
  go(to, to?.study === caseStudy.value ? caseStudy.value : null)
}

/** Open a slide on a page of its own. */
export function openSlide(to: SlideKey): void {
  go(to, null)
}

/** Open the page of a case, with a slide beside. */
export function openCase(study: string, series?: string): void {
  go(series === undefined ? null : { study, series }, study)
}

function go(to: SlideKey | null, study: string | null): void {
  // The same slide on another page is seen as before.
  const isSame = to !== null && to.series === slideKey.value?.series
  const asked = {
    slide: to,
    study,
    place: isSame ? place.value : null,
    panels: null,
    ...((to ?? study) ? NO_LIST : listShown()),
    language: linkedLanguage.value,
  }
  const isCalibrated = shown.value?.pyramid.mpp !== null
  visit(formatAddress(asked, isCalibrated, isSame ? writeLinked() : []))
}

/** Go to an address of ours, as a new entry of the browser's history. */
export function visit(to: string): void {
  history.pushState(null, '', to)
  readAddress()
}

/** Choose the next theme: automatic, dark, light. */
export function cycleTheme(): void {
  theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? 'auto'
}

/** The language to begin with: the address's, the one chosen before, or the browser's. */
export function firstLanguage(): Language {
  return linkedLanguage.value ?? languageOf(recall('language')) ?? preferred(navigator.languages)
}

/** Choose the other language, from now on. */
export function cycleLanguage(): void {
  chooseLanguage(language.value === 'en' ? 'de' : 'en')
}

/** Choose a language, from now on. */
export function chooseLanguage(wanted: Language): void {
  linkedLanguage.value = null
  keep('language', wanted)
  void speak(wanted)
}

/** Take the store's state from the address bar. */
function readAddress(): void {
  const {
    slide: key,
    place: asked,
    study,
    panels,
    search: sought,
    sort: order,
    row: chosen,
    file: shownFile,
    language: spoken,
  } = parseAddress(location.pathname, location.search)
  linkedLanguage.value = spoken
  place.value = asked
  viewed.value = null
  labelShown.value = labelsLiked.value && !identityHidden.value
  if (panels) {
    drawer.value = drawerOf(panels)
    overviewShown.value = panels.includes('overview')
  }
  jobsShown.value = isJobsPath(location.pathname)
  isLost.value = isNoPage(location.pathname)
  if (!key && !study && !jobsShown.value) {
    search.value = sought
    sort.value = order
    row.value = chosen ?? 0
  }
  caseStudy.value = study
  file.value = shownFile
  readLinked(location.search)
  slideKey.value = key
}

const NO_LIST = { search: '', sort: null, row: null, file: null }

function listShown(): Pick<Address, 'search' | 'sort' | 'row' | 'file'> {
  return { search: search.value, sort: sort.value, row: row.value, file: null }
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
    const [key, study] = [slideKey.value, caseStudy.value]
    if (jobsShown.value || isLost.value) return // they keep their own
    const told = key
      ? { slide: key, study, place: place.value, panels: panelsShown(), ...NO_LIST }
      : { slide: null, study, place: null, panels: null, ...(study ? NO_LIST : listShown()) }
    const written = formatAddress(
      { ...told, file: study ? file.value : null, language: linkedLanguage.value },
      shown.value?.pyramid.mpp !== null,
      key ? writeLinked() : [],
    )
    if (written !== location.pathname + location.search) history.replaceState(null, '', written)
    address.value = written
  })
  effect(() => {
    document.documentElement.dataset.theme = theme.value
    keep('theme', theme.value)
  })
  effect(() => {
    keep('strip', stripShown.value ? 'shown' : 'hidden')
  })
}
