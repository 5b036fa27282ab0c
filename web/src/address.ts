// SPDX-License-Identifier: Apache-2.0
/**
 * The address bar and what it means: `/` is the tray, `/studies/{study}/series/{series}` a slide,
 * both below the server's root, and the query holds the view, so that a reload or a shared link
 * shows exactly the same.
 */

import type { SlideKey } from './api'
import type { Point } from './dicom/geometry'
import { ROOT } from './root'

/** Where the view is: the screen's centre in level-0 pixels, its scale and its turn. */
export interface Place {
  readonly centre: Point
  /** Micrometres per screen pixel, or level-0 pixels per screen pixel where not calibrated. */
  readonly scale: number
  /** Clockwise, from 0 up to 360, in tenths of a degree. */
  readonly degrees: number
}

/** Drawers on the right, of which one is open at a time. */
export const DRAWERS = ['info', 'annotations', 'layers'] as const
export type DrawerName = (typeof DRAWERS)[number]

/** Panels that a link may open. The label is never among them: it is shown only when asked for. */
export const LINKED_PANELS = [...DRAWERS, 'overview'] as const
export type LinkedPanel = (typeof LINKED_PANELS)[number]

export interface Address {
  /** The slide shown; `null` on the tray. */
  readonly slide: SlideKey | null
  readonly place: Place | null
  /** `null` where the address leaves it to the reader's habit. */
  readonly panels: readonly LinkedPanel[] | null
  readonly search: string
}

const SLIDE_PATH = /^\/studies\/([0-9.]+)\/series\/([0-9.]+)\/?$/

/** Read an address; what cannot be understood is taken as not given. */
export function parseAddress(pathname: string, query: string): Address {
  const path = pathname.startsWith(`${ROOT}/`) ? pathname.slice(ROOT.length) : pathname
  const [, study, series] = SLIDE_PATH.exec(path) ?? []
  const parameters = new URLSearchParams(query)
  const shown = parameters.get('show')?.split(' ')
  return {
    slide: study && series ? { study, series } : null,
    place: placeOf(parameters),
    panels: shown ? LINKED_PANELS.filter((panel) => shown.includes(panel)) : null,
    search: parameters.get('q') ?? '',
  }
}

/** Write an address; the inverse of `parseAddress`. */
export function formatAddress(
  { slide, place, panels, search }: Address,
  calibrated = true,
): string {
  const query = new URLSearchParams()
  if (place) {
    query.set('x', decimal(place.centre.x, 2))
    query.set('y', decimal(place.centre.y, 2))
    query.set(calibrated ? 'mpp' : 'scale', String(Number(place.scale.toPrecision(8))))
    query.set('r', String(place.degrees))
  }
  if (panels) query.set('show', panels.join(' '))
  if (search) query.set('q', search)
  const path = slide ? slidePath(slide) : `${ROOT}/`
  return query.size > 0 ? `${path}?${query}` : path
}

/** The address of a slide's page. */
export function slidePath({ study, series }: SlideKey): string {
  return `${ROOT}/studies/${study}/series/${series}`
}

function placeOf(query: URLSearchParams): Place | null {
  const [x, y] = [numeric(query, 'x'), numeric(query, 'y')]
  const scale = numeric(query, 'mpp') ?? numeric(query, 'scale')
  if (x === null || y === null || scale === null || scale <= 0) return null
  return { centre: { x, y }, scale, degrees: oneTurn(numeric(query, 'r') ?? 0) }
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
