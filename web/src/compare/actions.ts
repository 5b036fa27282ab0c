// SPDX-License-Identifier: Apache-2.0
/** What a reader does to a comparison. */

import { batch } from '@preact/signals'

import type { SlideKey } from '../api'
import { openSlide, place, slideKey } from '../state'
import { composed, inverted, type Affine } from './affine'
import { compared, MOST_PANES } from './beside'
import { formatComparison, SIDE, type Comparison, type Layout, type Pane } from './link'
import { planeThrough, realigned, viewThrough, type PlaneView } from './linking'
import { showAll, viewNow } from './moving'
import {
  alignments,
  changePanes,
  comparison,
  keepPlace,
  placeOf,
  plane,
  shownSlides,
} from './store'
import { forget, present, remember } from './undo'

export function focusOn(index: number): void {
  const now = comparison.peek()
  if (now.focus !== index) comparison.value = { ...now, focus: index }
}

export function focusNext(step: number): void {
  const { focus, panes } = comparison.peek()
  const next = (focus + step + panes.length) % panes.length
  focusOn(next)
  document.querySelectorAll<HTMLElement>('.pane .stage')[next]?.focus()
}

export function setLayout(layout: Partial<Layout>): void {
  const now = comparison.peek()
  comparison.value = { ...now, layout: { ...now.layout, ...layout } }
}

/** Side by side, then one over the other, then parted by a line. */
export function nextLayout(): void {
  const { layout, aligning } = comparison.peek()
  const kinds: readonly Layout['kind'][] = ['side', 'over', 'swipe']
  const kind = kinds[(kinds.indexOf(layout.kind) + 1) % kinds.length] ?? 'side'
  if (!aligning) setLayout({ kind })
}

/** Let a pane move alone, or with the others again, where and turned as it is now. */
export function toggleLink(index: number): void {
  if (comparison.peek().panes[index]?.own) link([index])
  else unlink([index])
}

/** The pane that a key unlinks: the one with focus, but the second where that is the first of two. */
export function linkedWithFocus(): number {
  const { focus, panes } = comparison.value
  return panes.length === 2 ? (panes[0]?.own ? 0 : 1) : focus
}

/** Let panes move alone. */
export function unlink(indices: readonly number[]): void {
  changePanes((pane, index) =>
    indices.includes(index) ? { ...pane, own: pane.own ?? viewNow(index) } : pane,
  )
}

function link(indices: readonly number[]): void {
  const { panes, focus } = comparison.peek()
  const isIn = (index: number): boolean => indices.includes(index) || !panes[index]?.own
  const group = panes.map((_, index) => index).filter(isIn)
  const base = group.find((index) => !indices.includes(index) || index === 0) ?? indices[0] ?? 0
  const seen = planeOfPane(base)
  if (!seen) return
  const lead = planeOfPane(isIn(focus) ? focus : base)
  const now = { ...seen, scale: lead?.scale ?? seen.scale }
  const before = present()
  plane.value = now
  changePanes((pane, index) => {
    if (!isIn(index)) return pane
    const [alignment, view] = [alignments.peek()[index], viewNow(index)]
    const moves = index > 0 && alignment && view && hasMoved(alignment, now, view)
    return {
      ...pane,
      own: null,
      alignment: moves ? realigned(alignment, now, view) : pane.alignment,
    }
  })
  remember(before)
  showAll()
  keepPlace()
}

/** The plane as a pane sees it now. */
function planeOfPane(index: number): PlaneView | null {
  const [alignment, view] = [alignments.peek()[index], viewNow(index)]
  return alignment && view ? planeThrough(alignment, view) : null
}

/** Whether a slide lies otherwise than it is aligned, by half a pixel or a thousandth of a turn. */
function hasMoved(alignment: Affine, now: PlaneView, view: PlaneView): boolean {
  const before = viewThrough(alignment, now)
  const away = Math.hypot(before.centre.x - view.centre.x, before.centre.y - view.centre.y)
  const turned = Math.abs(Math.sin((before.turn - view.turn) / 2))
  return away > 0.5 * before.scale || turned > 1e-3 || before.mirrored !== view.mirrored
}

/** Add a slide at the end. */
export function addSlide(key: SlideKey): void {
  const now = comparison.peek()
  if (now.panes.length >= MOST_PANES) return
  const pane: Pane = { key, alignment: null, own: null, points: [] }
  forget()
  comparison.value = {
    ...now,
    panes: [...now.panes, pane],
    split: { columns: [], rows: [] },
  }
}

/** Take a slide out; with one left, that is shown alone. */
export function removeSlide(index: number): void {
  const { panes } = comparison.peek()
  reorder(panes.map((_, at) => at).filter((at) => at !== index))
}

/** Make a slide the first, on which the others are aligned. */
export function makeFirst(index: number): void {
  const others = comparison.peek().panes.map((_, at) => at)
  if (index > 0) reorder([index, ...others.filter((at) => at !== index)])
}

/** Other panes, or in another order; how they lie on each other stays. */
function reorder(order: readonly number[]): void {
  const now = comparison.peek()
  const [lead = 0] = order
  const maps = alignments.peek()
  const [leading, seen] = [maps[lead], planeOfAll(lead)]
  const panes = order.flatMap((at, position): Pane[] => {
    const [pane, map] = [now.panes[at], maps[at]]
    if (!pane) return []
    const kept = lead === 0 ? pane.alignment : leading && map && composed(inverted(leading), map)
    return [{ ...pane, alignment: position === 0 ? null : (kept ?? null) }]
  })
  const first = shownSlides.peek()[lead]
  const next: Comparison = {
    ...{ panes, aligning: false, layout: SIDE, focus: 0 },
    split: { columns: [], rows: [] },
  }
  forget()
  batch(() => {
    const [pane] = panes
    if (pane && (lead !== 0 || panes.length === 1)) openSlide(pane.key)
    plane.value = seen
    if (seen && first) place.value = placeOf(seen, first)
    comparison.value = next
    compared.value = panes.length > 1 ? formatComparison(next) : {}
  })
}

/** What is viewed, told by the place on another slide. */
function planeOfAll(lead: number): PlaneView | null {
  const [alignment, now] = [alignments.peek()[lead], plane.peek()]
  return alignment && now ? viewThrough(alignment, now) : null
}

/** Leave the others; the first slide stays. */
export function leaveComparison(): void {
  const key = slideKey.peek()
  batch(() => {
    compared.value = {}
    if (key) openSlide(key)
  })
  forget()
}
