// SPDX-License-Identifier: Apache-2.0
/**
 * The address bar and what it means: `/` is the worklist, `/studies/{study}` a case with one of its
 * slides beside, `/studies/{study}/series/{series}` a slide, all below the server's root,
 * or below `/origins/{name}` for what another server has. The query
 * holds the search or the view, so that a reload or a shared link shows exactly the same.
 */

import type { SlideKey } from './api'
import type { Point } from './dicom/geometry'
import { BASE, ROOT } from './root'
import { languageOf, type Language } from './words'

/** Where the view is: the screen's centre in level-0 pixels, its scale and its turn. */
export interface Place {
  readonly centre: Point
  /** Micrometres per screen pixel, or level-0 pixels per screen pixel where not calibrated. */
  readonly scale: number
  /** Clockwise turn of the picture as seen, from 0 up to 360, in tenths of a degree. */
  readonly degrees: number
  /** Whether the slide is seen in a mirror, left to right; it is mirrored before it is turned. */
  readonly mirrored?: boolean
}

/** Drawers on the right, of which one is open at a time. */
export const DRAWERS = [
  'info',
  'position',
  'measure',
  'picture',
  'channels',
  'layers',
  'annotations',
  'beside',
  'snapshot',
  'share',
] as const
export type DrawerName = (typeof DRAWERS)[number]

/** Panels that a link may open. The label is never among them: it is shown only when asked for. */
export const LINKED_PANELS = [...DRAWERS, 'overview'] as const
export type LinkedPanel = (typeof LINKED_PANELS)[number]

export interface Address {
  /** The slide shown; `null` on the worklist. */
  readonly slide: SlideKey | null
  /** The case whose page is shown, with or without a slide. */
  readonly study: string | null
  readonly place: Place | null
  /** `null` where the address leaves it to the reader's habit. */
  readonly panels: readonly LinkedPanel[] | null
  readonly search: string
  /** The order of the worklist, where it is not the server's. */
  readonly sort: string | null
  /** The row of the worklist that is chosen, from 0 on. */
  readonly row: number | null
  /** Series and instance of the file whose attributes are shown, parted by a slash. */
  readonly file: string | null
  /** The language that the address asks for; `null` where it leaves that to the reader. */
  readonly language: Language | null
}

/** The address of the page of jobs. */
export const JOBS_PATH = `${ROOT}/jobs`

/** Whether an address is that of the page of jobs. */
export function isJobsPath(pathname: string): boolean {
  return pathname.replace(/\/$/, '') === JOBS_PATH
}

/** Whether there is no page at an address. */
export function isNoPage(pathname: string): boolean {
  const path = belowBase(pathname)
  const isPage = path === '/' || CASE_PATH.test(path) || SLIDE_PATH.test(path)
  return !isPage && !isJobsPath(pathname)
}

const CASE_PATH = /^\/studies\/([0-9.]+)\/?$/
const SLIDE_PATH = /^\/studies\/([0-9.]+)\/series\/([0-9.]+)\/?$/

/** Read an address; what cannot be understood is taken as not given. */
export function parseAddress(pathname: string, query: string): Address {
  const path = belowBase(pathname)
  const parameters = new URLSearchParams(query)
  const shown = parameters.get('show')?.split(' ')
  return {
    ...shownBy(path, parameters),
    place: placeOf(parameters),
    panels: shown ? LINKED_PANELS.filter((panel) => shown.includes(panel)) : null,
    search: parameters.get('q') ?? '',
    sort: parameters.get('sort'),
    row: numeric(parameters, 'row'),
    file: /^[0-9.]+\/[0-9.]+$/.exec(parameters.get('tags') ?? '')?.[0] ?? null,
    language: languageOf(parameters.get('lang')),
  }
}

/** Write an address; the inverse of `parseAddress`. */
export function formatAddress(
  { slide, study, place, panels, search, sort, row, file, language }: Address,
  calibrated = true,
  more: readonly (readonly [string, string])[] = [],
): string {
  const query = new URLSearchParams()
  const told = {
    ...(study && slide && { slide: slide.series }),
    ...viewParameters(place, calibrated),
    ...Object.fromEntries(more),
    ...(panels && { show: panels.join(' ') }),
    ...listParameters({ search, sort, row }),
    ...(file && { tags: file }),
    ...(language && { lang: language }),
  }
  for (const [name, value] of Object.entries(told)) query.set(name, value)
  const path = pathOf(slide, study)
  return query.size > 0 ? `${path}?${query}` : path
}

function belowBase(pathname: string): string {
  return pathname.startsWith(`${BASE}/`) ? pathname.slice(BASE.length) : pathname
}

function listParameters({
  search,
  sort,
  row,
}: Pick<Address, 'search' | 'sort' | 'row'>): Record<string, string> {
  return { ...(search && { q: search }), ...(sort && { sort }), ...(row && { row: String(row) }) }
}

function viewParameters(place: Place | null, calibrated: boolean): Record<string, string> {
  if (!place) return {}
  const { centre, scale, degrees, mirrored } = place
  return {
    x: decimal(centre.x, 2),
    y: decimal(centre.y, 2),
    [calibrated ? 'mpp' : 'scale']: String(Number(scale.toPrecision(8))),
    r: String(degrees),
    ...(mirrored && { mirror: '1' }),
  }
}

function pathOf(slide: SlideKey | null, study: string | null): string {
  if (study) return casePath(study)
  return slide ? slidePath(slide) : `${BASE}/`
}

/** The address of a slide's page. */
export function slidePath({ study, series }: SlideKey): string {
  return `${BASE}/studies/${study}/series/${series}`
}

/** The address of a case's page. */
export function casePath(study: string): string {
  return `${BASE}/studies/${study}`
}

function shownBy(path: string, query: URLSearchParams): Pick<Address, 'slide' | 'study'> {
  const [, study, series] = SLIDE_PATH.exec(path) ?? []
  if (study && series) return { slide: { study, series }, study: null }
  const [, shown = null] = CASE_PATH.exec(path) ?? []
  const beside = /^[0-9.]+$/.exec(query.get('slide') ?? '')?.[0]
  return { slide: shown && beside ? { study: shown, series: beside } : null, study: shown }
}

function placeOf(query: URLSearchParams): Place | null {
  const [x, y] = [numeric(query, 'x'), numeric(query, 'y')]
  const scale = numeric(query, 'mpp') ?? numeric(query, 'scale')
  if (x === null || y === null || scale === null || scale <= 0) return null
  const degrees = oneTurn(numeric(query, 'r') ?? 0)
  return {
    ...{ centre: { x, y }, scale, degrees },
    ...(query.get('mirror') === '1' && { mirrored: true }),
  }
}

/** Degrees folded into one turn, in tenths. */
export function oneTurn(degrees: number): number {
  return (((Math.round(degrees * 10) % 3600) + 3600) % 3600) / 10
}

function numeric(query: URLSearchParams, name: string): number | null {
  const value = query.get(name)
  if (value === null || value.trim() === '') return null
  const parsed = Number(value)
  return Number.isFinite(parsed) ? parsed : null
}

function decimal(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)))
}
