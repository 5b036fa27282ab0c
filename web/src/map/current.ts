// SPDX-License-Identifier: Apache-2.0
/** The map on the page, for the tools and keys that act on it; `null` on the tray. */

import { effect, signal } from '@preact/signals'

import { ServerError, type SlideKey } from '../api'
import { magnification, mppAt, nextPreset } from '../dicom/geometry'
import { tileCounts } from '../dicom/image'
import type { Slide } from '../dicom/slide'
import { coarsestImage, picture } from '../load'
import { drawing, drawnOnce, failures, place, serverDrawn, slidePresets, viewed } from '../state'
import { t } from '../words'
import { attachAll } from './attachments'
import { UndrawableError } from './decode'
import { SlideMap } from './slideMap'

/** So many tiles are fetched for a first, blurred picture. */
const FEW_TILES = 12

export const currentMap = signal<SlideMap | null>(null)

/** Put a slide's map into an element; returns the function that takes it off again. */
export function mountMap(element: HTMLElement, key: SlideKey, slide: Slide): () => void {
  failures.value = null
  serverDrawn.value = null
  drawing.value = 'loading'
  drawnOnce.value = false
  const map = new SlideMap(element, key, slide.pyramid, {
    onViewed: (now) => {
      viewed.value = now
    },
    onSettled: (settled) => {
      place.value = settled
    },
    onDrawing: (state) => {
      drawing.value = state
      drawnOnce.value ||= state === 'ready'
    },
    onFailure: countFailure,
    onServerDrawn: (stored) => {
      serverDrawn.value = stored
    },
    onAgain: () => {
      failures.value = null
    },
  })
  const { mpp } = slide.pyramid
  if (mpp) map.nextDownsample = (downsample) => presetDownsample(mpp, downsample)
  if (place.value) map.show(place.value)
  else map.home(false)
  const detach = attachAll({ map: map.map, key, slide })
  currentMap.value = map
  const stop = effect(() => {
    map.lay(wholeSlide(key, slide))
  })
  return () => {
    currentMap.value = null
    stop()
    detach()
    map.dispose()
  }
}

/** Go to a magnification. */
export function magnify(preset: number, mpp: number): void {
  currentMap.value?.go({ downsample: mppAt(preset) / mpp })
}

/** Ask again for the tiles that failed, if there are any. */
export function retryTiles(): void {
  if (failures.value) currentMap.value?.retry()
}

/** The downsample of the next preset, or half the present one beyond the last. */
function presetDownsample(mpp: number, downsample: number): number {
  const next = nextPreset(slidePresets.value, magnification(mpp * downsample))
  return next ? mppAt(next) / mpp : downsample / 2
}

/** The slide in one small picture: at once where that is a few tiles, else when there is time. */
function wholeSlide(key: SlideKey, slide: Slide): ImageBitmap | null {
  const image = coarsestImage(slide)
  // Grey values are shown by windows and colours, which that picture would not have.
  if (image.samples.samplesPerPixel === 1) return null
  const { across, down } = tileCounts(image)
  if (across * down > FEW_TILES && !drawnOnce.value) return null
  const whole = picture(key, image, 'high').value
  return whole.state === 'ready' ? whole.value : null
}

function countFailure(error: unknown): string {
  const reason = wordsOfFailure(error)
  const { count = 0, reasons = [] } = failures.value ?? {}
  failures.value = {
    count: count + 1,
    reasons: [...new Set([...reasons, reason])],
    momentary: !(error instanceof UndrawableError),
  }
  return reason
}

/** Why a tile could not be drawn. */
export function wordsOfFailure(error: unknown): string {
  const known = error instanceof ServerError || error instanceof UndrawableError
  return known ? error.message : t('the frame is damaged and cannot be decoded')
}
