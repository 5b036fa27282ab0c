// SPDX-License-Identifier: Apache-2.0
/** Aligning by points: setting them, what they give, and taking it over. */

import { computed, signal } from '@preact/signals'

import { unlink } from './actions'
import { linear, type Affine } from './affine'
import { fitted, LEAST_PAIRS, residual, type Kind, type Known, type Pair } from './fit'
import { SIDE } from './link'
import { realigned, type PlaneView } from './linking'
import { showAll, viewNow } from './moving'
import {
  alignments,
  changePanes,
  comparison,
  keepPlace,
  plane,
  shownSlides,
  usualScale,
} from './store'
import { present, remember } from './undo'

/** The kind of alignment that is wanted; `null` leaves it to the number of points. */
export const kindWanted = signal<Kind | null>(null)

/** Begin to align by points: until that ends, each slide moves alone. */
export function beginAligning(): void {
  const now = comparison.peek()
  kindWanted.value = null
  comparison.value = { ...now, aligning: true, layout: SIDE }
  unlink(now.panes.map((_, index) => index))
}

/** End it: all move together again, as they were aligned before or are now. */
export function endAligning(isKept = false): void {
  const seen = viewNow(0)
  const now = comparison.peek()
  const panes = now.panes.map((pane) => ({
    ...pane,
    own: null,
    points: isKept ? pane.points : [],
  }))
  comparison.value = { ...now, aligning: false, panes }
  if (seen) plane.value = seen
  showAll()
  keepPlace()
}

/** Take the last point away, of the pane that has most. */
export function removePoint(): void {
  const counts = comparison.peek().panes.map(({ points }) => points.length)
  const last = counts.lastIndexOf(Math.max(...counts))
  changePanes((pane, at) => (at === last ? { ...pane, points: pane.points.slice(0, -1) } : pane))
}

/** Points of a slide with those of the first one. */
function pairsOf(index: number): Pair[] {
  const { panes } = comparison.value
  const first = panes[0]?.points ?? []
  return (panes[index]?.points ?? []).flatMap((from, at) => {
    const to = first[at]
    return to ? [{ from, to }] : []
  })
}

/** A slide's fit: how many pairs, of which kind, and what remains. */
export interface Fit {
  readonly index: number
  readonly pairs: number
  readonly kind: Kind
  readonly map: Affine | null
  readonly residual: number
}

/** What the points give for each slide but the first. */
export const fits = computed<readonly Fit[]>(() =>
  comparison.value.panes.slice(1).map((_, at) => fitOf(at + 1)),
)

function fitOf(index: number): Fit {
  const pairs = pairsOf(index)
  const kind = kindFor(pairs.length)
  const known = knownOf(index)
  const map = known && fitted(pairs, kind, known)
  return {
    index,
    pairs: pairs.length,
    kind,
    map,
    residual: map ? residual(pairs, map) : 0,
  }
}

/** The kind that is wanted, or what so many pairs allow. */
function kindFor(pairs: number): Kind {
  const wanted = kindWanted.value ?? (pairs > 2 ? 'affine' : 'rigid')
  if (pairs >= LEAST_PAIRS[wanted]) return wanted
  return pairs > 1 ? 'rigid' : 'shift'
}

/** What is known of a slide besides its points; `null` where it is not there. */
function knownOf(index: number): Known | null {
  const [first, slide] = [shownSlides.value[0], shownSlides.value[index]]
  const part = alignments.value[index]
  if (!first || !slide || !part) return null
  const [one, other] = [comparison.value.panes[0]?.own, comparison.value.panes[index]?.own]
  return {
    mirrored: one?.mirrored !== other?.mirrored,
    scale: usualScale(slide, first),
    part: shiftPart(part, one, other),
  }
}

/** What one point leaves: the turn that both are seen in. */
function shiftPart(alignment: Affine, one?: PlaneView | null, other?: PlaneView | null): Affine {
  return one && other ? linear(realigned(alignment, one, other)) : linear(alignment)
}

/** Align by the points that are set. */
export function align(): void {
  const before = present()
  const found = fits.peek()
  changePanes((pane, index) => ({
    ...pane,
    alignment: found[index - 1]?.map ?? pane.alignment,
  }))
  remember(before)
  endAligning(true)
}

/** Middles on each other again. */
export function resetAlignment(): void {
  const before = present()
  changePanes((pane) => ({ ...pane, alignment: null }))
  remember(before)
  showAll()
}
