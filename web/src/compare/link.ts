// SPDX-License-Identifier: Apache-2.0
/** A comparison and the text that the address has of it: each is made of the other. */

import type { SlideKey } from '../api'
import type { Point } from '../dicom/geometry'
import { determinant, type Affine } from './affine'
import type { ComparedText } from './beside'
import type { PlaneView } from './linking'

/** One of the slides. All its lengths are in micrometres, or pixels where it is not calibrated. */
export interface Pane {
  readonly key: SlideKey
  /** To the first slide; `null` for middle on middle. */
  readonly alignment: Affine | null
  /** What it shows where it moves alone; `null` where it moves with the others. */
  readonly own: PlaneView | null
  /** Points set to align it by. */
  readonly points: readonly Point[]
}

/** Slides beside each other, or one (`top`) over the first: by opacity, or from a line (`at`) on. */
export interface Layout {
  readonly kind: 'side' | 'over' | 'swipe'
  readonly top: number
  readonly at: number
}

export interface Comparison {
  readonly panes: readonly Pane[]
  readonly layout: Layout
  readonly aligning: boolean
  /** Shares of the columns and rows, where they are not equal. */
  readonly split: {
    readonly columns: readonly number[]
    readonly rows: readonly number[]
  }
  /** The pane with focus. */
  readonly focus: number
}

export const SIDE: Layout = { kind: 'side', top: 1, at: 0.5 }
const EQUAL = { columns: [], rows: [] }
const MOST_PANES = 4

/** Read a comparison; what cannot be understood is taken as not given. */
export function parseComparison(first: SlideKey, text: ComparedText): Comparison {
  const others = words(text.beside).map(parseKey).filter(isThere)
  const keys = [first, ...others].slice(0, MOST_PANES)
  const alignments = words(text.aligned).map(parseAffine)
  const apart = words(text.apart).map(parseView)
  const points = words(text.pairs).map(parsePoints)
  const panes = keys.map((key, index) => ({
    key,
    alignment: index === 0 ? null : (alignments[index - 1] ?? null),
    own: apart[index] ?? null,
    points: points[index] ?? [],
  }))
  const [columns = [], rows = []] = words(text.split).map(parseShares)
  return {
    panes,
    layout: parseLayout(text.lay, panes.length),
    aligning: text.pairs !== undefined,
    split: { columns, rows },
    focus: index(text.pane, panes.length) ?? 0,
  }
}

/** Write a comparison; the inverse of `parseComparison`. */
export function formatComparison(comparison: Comparison): ComparedText {
  const { panes, layout, split, focus, aligning } = comparison
  const others = panes.slice(1)
  const { kind, top, at } = layout
  return {
    beside: others.map(({ key }) => `${key.study}_${key.series}`).join(' '),
    ...(others.some(({ alignment }) => alignment) && {
      aligned: others.map(({ alignment }) => formatAffine(alignment)).join(' '),
    }),
    ...(panes.some(({ own }) => own) && {
      apart: panes.map(({ own }) => formatView(own)).join(' '),
    }),
    ...(kind !== 'side' && { lay: `${kind}_${top}_${number(at, 3)}` }),
    ...(aligning && {
      pairs: panes.map(({ points }) => formatPoints(points)).join(' '),
    }),
    ...((split.columns.length > 0 || split.rows.length > 0) && {
      split: [split.columns, split.rows].map(formatShares).join(' '),
    }),
    ...(focus > 0 && { pane: String(focus) }),
  }
}

/** Of slides compared for the first time. */
export function begun(keys: readonly SlideKey[]): Comparison {
  const panes = keys.map((key) => ({
    key,
    alignment: null,
    own: null,
    points: [],
  }))
  return { panes, layout: SIDE, aligning: false, split: EQUAL, focus: 0 }
}

function words(text: string | undefined): string[] {
  return text === undefined ? [] : text.split(' ')
}

function parseKey(text: string): SlideKey | null {
  const [, study, series] = /^([0-9.]+)_([0-9.]+)$/.exec(text) ?? []
  return study && series ? { study, series } : null
}

function numbers(text: string, count: number): number[] | null {
  const found = text.split('_').map((part) => (part === '' ? NaN : Number(part)))
  return found.length === count && found.every(Number.isFinite) ? found : null
}

function parseAffine(text: string): Affine | null {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = numbers(text, 6) ?? []
  const map = { a, b, c, d, e, f }
  return Math.abs(determinant(map)) > 1e-9 ? map : null
}

function formatAffine(map: Affine | null): string {
  if (!map) return '-'
  const { a, b, c, d, e, f } = map
  return [...[a, b, c, d].map((value) => number(value, 9)), number(e, 3), number(f, 3)].join('_')
}

function parseView(text: string): PlaneView | null {
  const [x = 0, y = 0, scale = 0, degrees = 0, mirror = 0] = numbers(text, 5) ?? []
  if (!(scale > 0)) return null
  return {
    centre: { x, y },
    scale,
    turn: (degrees * Math.PI) / 180,
    mirrored: mirror === 1,
  }
}

function formatView(view: PlaneView | null): string {
  if (!view) return '-'
  const { centre, scale, turn, mirrored } = view
  const degrees = number((turn * 180) / Math.PI, 3)
  const written = [number(centre.x, 3), number(centre.y, 3), String(Number(scale.toPrecision(8)))]
  return [...written, degrees, mirrored ? '1' : '0'].join('_')
}

function parsePoints(text: string): Point[] {
  return text
    .split('*')
    .map((part) => numbers(part, 2))
    .filter(isThere)
    .map(([x = 0, y = 0]) => ({ x, y }))
}

function formatPoints(points: readonly Point[]): string {
  return points.map(({ x, y }) => `${number(x, 3)}_${number(y, 3)}`).join('*') || '-'
}

function parseShares(text: string): number[] {
  const found = text.split('_').map(Number)
  return found.every((share) => share > 0 && share <= 1) ? found : []
}

function formatShares(shares: readonly number[]): string {
  return shares.map((share) => number(share, 4)).join('_') || '-'
}

function parseLayout(text: string | undefined, panes: number): Layout {
  const [kind, top, at] = text?.split('_') ?? []
  const over = index(top, panes) ?? 0
  const part = Number(at ?? NaN)
  if ((kind !== 'over' && kind !== 'swipe') || over === 0) return SIDE
  return { kind, top: over, at: part >= 0 && part <= 1 ? part : SIDE.at }
}

function index(text: string | undefined, below: number): number | null {
  const found = /^\d$/.test(text ?? '') ? Number(text) : below
  return found < below ? found : null
}

function number(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)))
}

function isThere<Value>(value: Value | null): value is Value {
  return value !== null
}
