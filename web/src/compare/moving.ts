// SPDX-License-Identifier: Apache-2.0
/** The maps of a comparison: what moves one of them moves all that it is linked with. */

import { effect, signal, type Signal } from '@preact/signals'
import { unByKey } from 'ol/Observable'

import {
  magnification,
  mppAt,
  nextPreset,
  presets,
  type Point,
  type Viewed,
} from '../dicom/geometry'
import { tileCounts } from '../dicom/image'
import type { Slide } from '../dicom/slide'
import { coarsestImage, picture } from '../load'
import { attachAll } from '../map/attachments'
import { currentMap, wordsOfFailure } from '../map/current'
import { SlideMap, type Listener } from '../map/slideMap'
import { freeView } from '../map/view'
import { place } from '../state'
import type { Pane } from './link'
import { isNear, planeThrough, unitOf, viewFrom, viewThrough, type PlaneView } from './linking'
import {
  alignments,
  changePanes,
  comparison,
  homePlane,
  keepPlace,
  paneNames,
  plane,
  planeOf,
  shownSlides,
} from './store'

/** Room around slides that are shown wholly, in pixels. */
const MARGIN_PX = 40
const FEW_TILES = 12

/** A pane's map. */
export interface Mounted {
  readonly map: SlideMap
  readonly slide: Slide
  readonly element: HTMLElement
  readonly viewed: Signal<Viewed | null>
  readonly drawing: Signal<'loading' | 'ready'>
  /** Why tiles could not be drawn, each reason once. */
  readonly failures: Signal<readonly string[]>
}

export const mounted = signal<ReadonlyMap<string, Mounted>>(new Map())

/** Whether a map moves because another did. */
let isFollowing = false

/** Put a pane's map into its element; returns the function that takes it off. */
export function mountPane(element: HTMLElement, name: string, pane: Pane, slide: Slide) {
  const viewed = signal<Viewed | null>(null)
  const drawing = signal<'loading' | 'ready'>('loading')
  const failures = signal<readonly string[]>([])
  const listener: Listener = {
    onViewed: (now) => {
      viewed.value = now
      moved(name)
    },
    onSettled: () => {
      settled(name)
    },
    onDrawing: (state) => {
      drawing.value = state
    },
    onFailure: (error) => {
      const reason = wordsOfFailure(error)
      failures.value = [...new Set([...failures.value, reason])]
      return reason
    },
    onServerDrawn: () => undefined,
    onAgain: () => {
      failures.value = []
    },
  }
  const view = freeView(slide.pyramid)
  const map = new SlideMap(element, pane.key, slide.pyramid, listener, view)
  map.nextDownsample = (downsample) => nextDownsample(slide, downsample)
  const one = { map, slide, element, viewed, drawing, failures }
  const takeOff = dress(one, name, pane)
  mounted.value = new Map(mounted.value).set(name, one)
  return () => {
    takeOff()
    map.dispose()
    const others = new Map(mounted.value)
    others.delete(name)
    mounted.value = others
  }
}

/** What comes with a pane's map: features, the whole slide below its tiles, points by clicks. */
function dress({ map, slide, drawing }: Mounted, name: string, pane: Pane): () => void {
  const detach = attachAll({ map: map.map, key: pane.key, slide }, true)
  const stop = effect(() => {
    map.lay(wholeSlide(pane, slide, drawing.value === 'ready'))
  })
  const clicks = map.map.on('singleclick', ({ coordinate: [x = 0, y = 0] }) => {
    const unit = unitOf(slide.pyramid.mpp)
    if (comparison.peek().aligning) setPoint(name, { x: x * unit, y: -y * unit })
  })
  return () => {
    unByKey(clicks)
    stop()
    detach()
  }
}

/** Set a point of a pane's slide to align by. */
export function setPoint(name: string, place: Point): void {
  const index = paneNames.peek().indexOf(name)
  changePanes((pane, at) => (at === index ? { ...pane, points: [...pane.points, place] } : pane))
}

/** The view of a pane now. */
export function viewNow(index: number): PlaneView | null {
  const one = mountedAt(index)
  const viewed = one?.viewed.peek()
  return one && viewed ? viewFrom(viewed, unitOf(one.slide.pyramid.mpp)) : null
}

export function mountedAt(index: number): Mounted | null {
  return mounted.peek().get(paneNames.peek()[index] ?? '') ?? null
}

/** Show each pane what it is to show: with the others, or on its own. */
export function showAll(except = -1): void {
  const now = plane.peek()
  comparison.peek().panes.forEach((pane, index) => {
    const alignment = alignments.peek()[index]
    const view = pane.own ?? (now && alignment ? viewThrough(alignment, now) : null)
    const one = mountedAt(index)
    if (index !== except && view && one) show(one, view)
  })
}

/** Every slide wholly on its pane, upright; or the one with focus, where that moves alone. */
export function goHome(animated = true): void {
  const { focus, panes } = comparison.peek()
  const one = mountedAt(focus)
  if (panes[focus]?.own && one) {
    one.map.home(animated)
    return
  }
  const screens = panes.map((_, index) => screenOf(mountedAt(index)))
  const wanted = homePlane(screens, MARGIN_PX)
  const alignment = alignments.peek()[focus]
  if (!wanted) return
  if (!animated || !one || !alignment) {
    plane.value = wanted
    showAll()
    keepPlace()
    return
  }
  const { centre, scale, turn, mirrored } = viewThrough(alignment, wanted)
  const unit = unitOf(one.slide.pyramid.mpp)
  one.map.mirror(mirrored)
  one.map.go({
    centre: { x: centre.x / unit, y: centre.y / unit },
    ...{ downsample: scale / unit, rotation: turn },
  })
}

/** Begin, and go where the address says whenever it does; returns the function that ends it. */
export function followPlace(): () => void {
  const stops = [
    effect(() => {
      const [first] = shownSlides.value
      const asked = place.value
      const isThere = comparison.value.panes.length > 0 && mounted.value.size > 0
      if (!first || !isThere) return
      const wanted = asked && planeOf(asked, first)
      if (wanted && !isNear(wanted, plane.peek())) plane.value = wanted
      if (!plane.peek()) goHome(false)
      showAll()
    }),
    effect(() => {
      const { focus } = comparison.value
      currentMap.value = mounted.value.get(paneNames.value[focus] ?? '')?.map ?? null
    }),
  ]
  return () => {
    for (const stop of stops) stop()
    currentMap.value = null
  }
}

function moved(name: string): void {
  const index = paneNames.peek().indexOf(name)
  const [pane, alignment] = [comparison.peek().panes[index], alignments.peek()[index]]
  const view = viewNow(index)
  if (isFollowing || !pane || !alignment || !view || pane.own) return
  plane.value = planeThrough(alignment, view)
  showAll(index)
}

function settled(name: string): void {
  // Those that follow come to rest between two steps of the one that moves them.
  if (isFollowing || [...mounted.peek().values()].some(({ map }) => map.isMoving)) return
  const index = paneNames.peek().indexOf(name)
  const own = comparison.peek().panes[index]?.own
  const view = viewNow(index)
  if (own && view && !isNear(own, view))
    changePanes((pane, at) => (at === index ? { ...pane, own: view } : pane))
  keepPlace()
}

/** Show a view at once; one that is there already may be on its way to another, and goes on. */
function show({ map, slide, viewed }: Mounted, wanted: PlaneView): void {
  const unit = unitOf(slide.pyramid.mpp)
  const now = viewed.peek()
  if (now && isNear(wanted, viewFrom(now, unit))) return
  const { centre, scale, turn, mirrored } = wanted
  const view = map.map.getView()
  const wasFollowing = isFollowing
  isFollowing = true
  if (view.getAnimating()) view.cancelAnimations()
  map.mirror(mirrored)
  view.setRotation(turn)
  view.setResolution(scale / unit)
  view.setCenter([centre.x / unit, -centre.y / unit])
  isFollowing = wasFollowing
}

function screenOf(one: Mounted | null) {
  return one && { width: one.element.clientWidth, height: one.element.clientHeight }
}

function nextDownsample({ pyramid, objectivePower }: Slide, downsample: number): number {
  const { mpp } = pyramid
  if (!mpp) return downsample / 2
  const next = nextPreset(presets(objectivePower, mpp), magnification(mpp * downsample))
  return next ? mppAt(next) / mpp : downsample / 2
}

/** The slide in one small picture, below its tiles; see `map/current.ts`. */
function wholeSlide({ key }: Pane, slide: Slide, isDrawn: boolean): ImageBitmap | null {
  const image = coarsestImage(slide)
  if (image.samples.samplesPerPixel === 1) return null
  const { across, down } = tileCounts(image)
  if (across * down > FEW_TILES && !isDrawn) return null
  const whole = picture(key, image, 'high').value
  return whole.state === 'ready' ? whole.value : null
}
