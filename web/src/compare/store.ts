// SPDX-License-Identifier: Apache-2.0
/** The comparison on the page: its slides, how they lie on the first one, and what is viewed of it. */

import { computed, effect, signal, type Signal } from '@preact/signals'

import { oneTurn, type Place } from '../address'
import type { SlideKey } from '../api'
import { homeDownsample, type Point, type Size } from '../dicom/geometry'
import type { Slide } from '../dicom/slide'
import { slideFor } from '../load'
import { LOADING, place, slideKey, type Loadable } from '../state'
import { nearest, type Affine } from './affine'
import { compared, type ComparedText } from './beside'
import { begun, formatComparison, parseComparison, type Comparison, type Pane } from './link'
import { centred, unitOf, type PlaneView } from './linking'

export const comparison = signal<Comparison>(begun([]))
/** What is viewed of the first slide, by all that move together; `null` until that is known. */
export const plane = signal<PlaneView | null>(null)
/** Where the pointer is: the pane, and its place on the first slide. */
export const ghost = signal<{
  readonly pane: string
  readonly place: Point
} | null>(null)

const slides = new Map<string, Signal<Loadable<Slide>>>()

/** A slide of the comparison, loaded once. */
export function slideSignal(key: SlideKey): Signal<Loadable<Slide>> {
  const known = slides.get(key.series)
  if (known) return known
  const made = signal<Loadable<Slide>>(LOADING)
  slides.set(key.series, made)
  slideFor(key).then(
    (value) => {
      made.value = { state: 'ready', value }
    },
    (error: unknown) => {
      made.value = {
        state: 'failed',
        message: error instanceof Error ? error.message : '',
      }
    },
  )
  return made
}

/** The slides in the order of their panes; `null` for what cannot be had. */
export const shownSlides = computed<readonly (Slide | null)[]>(() =>
  comparison.value.panes.map(({ key }) => {
    const { value } = slideSignal(key)
    return value.state === 'ready' ? value.value : null
  }),
)

/** Whether nothing is waited for any more. */
export const areLoaded = computed(() =>
  comparison.value.panes.every(({ key }) => slideSignal(key).value.state !== 'loading'),
)

/** A name for each pane that stays when others come and go. */
export const paneNames = computed<readonly string[]>(() => namesOf(comparison.value.panes))

export function namesOf(panes: readonly Pane[]): string[] {
  return panes.map(({ key }, index) => {
    const before = panes.slice(0, index).filter((pane) => pane.key.series === key.series)
    return `${key.series}-${before.length}`
  })
}

/** The middle of a slide, in micrometres. */
export function middleOf({ pyramid }: Slide): Point {
  const unit = unitOf(pyramid.mpp)
  return {
    x: (pyramid.size.width / 2) * unit,
    y: (pyramid.size.height / 2) * unit,
  }
}

/** How slides lie on the first one, as aligned or middle on middle; `null` for what is not there. */
export const alignments = computed<readonly (Affine | null)[]>(() => {
  const found = shownSlides.value
  const [first] = found
  return comparison.value.panes.map(({ alignment }, index) => {
    const slide = found[index]
    if (!first || !slide) return null
    return alignment ?? centred(middleOf(slide), middleOf(first), usualScale(slide, first))
  })
})

/** By physical size; pixel by pixel where only one of the two is calibrated. */
export function usualScale(slide: Slide, first: Slide): number {
  const isMixed = (slide.pyramid.mpp === null) !== (first.pyramid.mpp === null)
  return isMixed ? unitOf(first.pyramid.mpp) / unitOf(slide.pyramid.mpp) : 1
}

/** The plane as it is seen when every slide is wholly on its pane. */
export function homePlane(screens: readonly (Size | null)[], margin: number): PlaneView | null {
  const [first] = shownSlides.value
  if (!first) return null
  const scales = shownSlides.value.map((slide, index) => {
    const [alignment, screen] = [alignments.value[index], screens[index]]
    if (!slide || !alignment || !screen) return 0
    const downsample = homeDownsample(slide.pyramid.size, screen, margin)
    return downsample * unitOf(slide.pyramid.mpp) * nearest(alignment).scale
  })
  const scale = Math.max(...scales)
  return scale > 0 ? { centre: middleOf(first), scale, turn: 0, mirrored: false } : null
}

/** A view of the first slide as the address has it. */
export function placeOf({ centre, scale, turn, mirrored }: PlaneView, first: Slide): Place {
  const unit = unitOf(first.pyramid.mpp)
  const seen = ((mirrored ? -1 : 1) * turn * 180) / Math.PI
  return {
    centre: { x: centre.x / unit, y: centre.y / unit },
    ...{ scale, degrees: oneTurn(seen), mirrored },
  }
}

export function planeOf({ centre, scale, degrees, mirrored = false }: Place, first: Slide) {
  const unit = unitOf(first.pyramid.mpp)
  const turn = ((mirrored ? -1 : 1) * degrees * Math.PI) / 180
  return {
    centre: { x: centre.x * unit, y: centre.y * unit },
    scale,
    turn,
    mirrored,
  }
}

/** Keep the view in the address. */
export function keepPlace(): void {
  const [first] = shownSlides.peek()
  const now = plane.peek()
  if (first && now) place.value = placeOf(now, first)
}

/** Change some of the panes. */
export function changePanes(change: (pane: Pane, index: number) => Pane): void {
  const now = comparison.peek()
  comparison.value = { ...now, panes: now.panes.map(change) }
}

/** Keep store and address in step; returns the function that ends it. */
export function followAddress(): () => void {
  const stops = [
    effect(() => {
      const [key, text] = [slideKey.value, compared.value]
      if (!key || !text.beside) return
      const now = comparison.peek()
      const isSame = now.panes[0]?.key.series === key.series && same(formatComparison(now), text)
      if (!isSame) comparison.value = parseComparison(key, text)
    }),
    effect(() => {
      const text = formatComparison(comparison.value)
      if (comparison.value.panes.length > 1 && !same(text, compared.peek())) compared.value = text
    }),
  ]
  return () => {
    for (const stop of stops) stop()
    comparison.value = begun([])
    plane.value = null
    ghost.value = null
  }
}

function same(one: ComparedText, other: ComparedText): boolean {
  const order = (text: ComparedText): string => JSON.stringify(Object.entries(text).sort())
  return order(one) === order(other)
}
