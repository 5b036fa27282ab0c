// SPDX-License-Identifier: Apache-2.0
/** Filling the store from the server: the slide on the page, its case, and small pictures. */

import { batch, effect, signal, untracked, type Signal } from '@preact/signals'

import type { Place } from './address'
import { searchSlides, seriesMetadata, type SlideKey } from './api'
import type { TiledImage } from './dicom/image'
import { identityOf, slideOf, type Identity, type Slide } from './dicom/slide'
import { stitch } from './map/stitch'
import { caseStudy, LOADING, place, shown, siblings, slide, slideKey, type Loadable } from './state'
import { t } from './words'

/** Preview pictures are drawn up to this size; cards and the overview show them smaller. */
const PREVIEW_PX = 512

/** A card's slide and its picture; where there is no picture, why not. */
export interface Preview {
  readonly slide: Slide
  readonly picture: ImageBitmap | null
  readonly problem: string
}

const previews = new Map<string, Signal<Loadable<Preview>>>()
const pictures = new WeakMap<TiledImage, Signal<Loadable<ImageBitmap | null>>>()
const slides = new Map<string, Promise<Slide>>()

/** Load what the address asks for, now and whenever it changes. */
export function follow(): void {
  effect(() => {
    const controller = new AbortController()
    const key = slideKey.value
    untracked(() => {
      if (key) void loadSlide(key, controller.signal)
    })
    return () => {
      controller.abort()
    }
  })
  effect(() => {
    const study = caseStudy.value ?? slideKey.value?.study
    untracked(() => {
      if (study) void loadSiblings(study)
    })
  })
}

/** Ask once more for what could not be loaded. */
export function reload(): void {
  if (slideKey.value) void loadSlide(slideKey.value)
}

/**
 * Read the slide on the page once more, to which finer levels may have been added: what is looked
 * at stays where it is. Returns how many instances it has.
 */
export async function refresh(key: SlideKey): Promise<number> {
  const read = await readSlide(key)
  if (slideKey.value?.series !== key.series) return read.numberOfInstances
  const before = shown.value
  const name = `${key.study}/${key.series}`
  slides.set(name, Promise.resolve(read))
  previews.delete(name)
  if (before?.numberOfInstances === read.numberOfInstances) return read.numberOfInstances
  batch(() => {
    if (before) place.value = placeOn(read, before, place.value)
    slide.value = { state: 'ready', value: read }
  })
  return read.numberOfInstances
}

/** The same place on a slide whose finest level is another one. */
function placeOn(slide: Slide, before: Slide, place: Place | null): Place | null {
  if (!place) return null
  const finer = slide.pyramid.size.width / before.pyramid.size.width
  return {
    ...place,
    centre: { x: place.centre.x * finer, y: place.centre.y * finer },
    // In micrometres it is the same; in pixels, there are more of them.
    scale: slide.pyramid.mpp === null ? place.scale * finer : place.scale,
  }
}

/** The preview of a slide, loaded once. */
export function preview(key: SlideKey): Signal<Loadable<Preview>> {
  const name = `${key.study}/${key.series}`
  const known = previews.get(name)
  if (known) return known
  const made = signal<Loadable<Preview>>(LOADING)
  previews.set(name, made)
  void fill(made, async () => {
    const loaded = await slideFor(key)
    return { slide: loaded, ...(await smallPicture(key, loaded)) }
  })
  return made
}

/** The picture of a label, of the whole glass or of a level, loaded when it is first asked for. */
export function picture(
  key: SlideKey,
  image: TiledImage,
  priority: RequestPriority = 'low',
): Signal<Loadable<ImageBitmap | null>> {
  const known = pictures.get(image)
  if (known) return known
  const made = signal<Loadable<ImageBitmap | null>>(LOADING)
  pictures.set(image, made)
  void fill(made, () => stitch(key, image, 2 * PREVIEW_PX, priority))
  return made
}

/** The key of an identity's slide. */
export function keyOf({ studyInstanceUid, seriesInstanceUid }: Identity): SlideKey {
  return { study: studyInstanceUid, series: seriesInstanceUid }
}

async function loadSlide(key: SlideKey, signal?: AbortSignal): Promise<void> {
  slide.value = LOADING
  await fill(slide, () => slideFor(key), signal)
}

/** Load the slides of a case, for the strip and the keys that lead to the next. */
export async function loadSiblings(study: string, anew = false): Promise<void> {
  if (!anew && siblings.value.some((sibling) => sibling.studyInstanceUid === study)) return
  if (!anew) siblings.value = []
  try {
    const found = await searchSlides(study)
    const isShown = (caseStudy.value ?? slideKey.value?.study) === study
    if (isShown) {
      siblings.value = found.map((each) => ({ ...identityOf(each), studyInstanceUid: study }))
    }
  } catch {
    // The slide itself says what is wrong with the server; a strip that is absent says enough.
  }
}

/** A slide, read once. */
export function slideFor(key: SlideKey): Promise<Slide> {
  const name = `${key.study}/${key.series}`
  const known = slides.get(name)
  if (known) return known
  const made = readSlide(key)
  slides.set(name, made)
  made.catch(() => slides.delete(name))
  return made
}

async function readSlide(key: SlideKey): Promise<Slide> {
  const read = slideOf(await seriesMetadata(key))
  if (!read) throw new Error(t('the series has no VOLUME image; it may still be arriving'))
  return read
}

/** The thumbnail if the slide has one, else its coarsest level. */
async function smallPicture(key: SlideKey, slide: Slide): Promise<Omit<Preview, 'slide'>> {
  try {
    const picture = await stitch(key, slide.thumbnail ?? coarsestImage(slide), PREVIEW_PX)
    return { picture, problem: t('no preview') }
  } catch (error) {
    return { picture: null, problem: wordsOf(error) }
  }
}

/** The coarsest level that still shows something. */
export function coarsestImage({ pyramid }: Slide): TiledImage {
  return (
    pyramid.levels.findLast(({ image }) => image.columns >= PREVIEW_PX / 2) ?? pyramid.levels[0]
  ).image
}

async function fill<Value>(
  target: Signal<Loadable<Value>>,
  load: () => Promise<Value>,
  signal?: AbortSignal,
): Promise<void> {
  try {
    const value = await load()
    if (!signal?.aborted) target.value = { state: 'ready', value }
  } catch (error) {
    if (signal?.aborted) return
    target.value = { state: 'failed', message: wordsOf(error) }
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
