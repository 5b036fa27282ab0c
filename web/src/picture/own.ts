// SPDX-License-Identifier: Apache-2.0
/** The stains' colours of the slide itself, from its overview; estimated when first wanted. */

import { signal, type Signal } from '@preact/signals'

import type { SlideKey } from '../api'
import type { Slide } from '../dicom/slide'
import { coarsestImage, picture } from '../load'
import type { StainMatrix } from './stains'
import { work } from './work'

export type OwnStains =
  | { readonly state: 'loading' }
  | { readonly state: 'ready'; readonly stains: StainMatrix }
  /** There is too little tissue, or no picture, to tell. */
  | { readonly state: 'unknown' }

const known = new WeakMap<Slide, Signal<OwnStains>>()

/** What is known of a slide's stains. */
export function ownStains(key: SlideKey, slide: Slide): Signal<OwnStains> {
  const before = known.get(slide)
  if (before) return before
  const made = signal<OwnStains>({ state: 'loading' })
  known.set(slide, made)
  const small = picture(key, coarsestImage(slide))
  const stop = small.subscribe((loaded) => {
    if (loaded.state === 'loading') return
    queueMicrotask(() => {
      stop()
    })
    void estimate(loaded.state === 'ready' ? loaded.value : null).then((found) => {
      made.value = found
    })
  })
  return made
}

async function estimate(bitmap: ImageBitmap | null): Promise<OwnStains> {
  const rgba = bitmap && pixelsOf(bitmap)
  if (!rgba) return { state: 'unknown' }
  const { stains } = await work({ kind: 'stains', rgba })
  return stains ? { state: 'ready', stains } : { state: 'unknown' }
}

function pixelsOf(bitmap: ImageBitmap): Uint8ClampedArray | null {
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')
  context?.drawImage(bitmap, 0, 0)
  return context?.getImageData(0, 0, bitmap.width, bitmap.height).data ?? null
}
