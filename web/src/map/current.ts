// SPDX-License-Identifier: Apache-2.0
/** The map on the page, for the tools and keys that act on it; `null` on the tray. */

import { signal } from '@preact/signals'

import { ServerError, type SlideKey } from '../api'
import { magnification, mppAt, nextPreset } from '../dicom/geometry'
import type { Slide } from '../dicom/slide'
import { drawing, drawnOnce, failures, place, slidePresets, viewed } from '../state'
import { t } from '../words'
import { attachAll } from './attachments'
import { UndrawableError } from './decode'
import { SlideMap } from './slideMap'

export const currentMap = signal<SlideMap | null>(null)

/** Put a slide's map into an element; returns the function that takes it off again. */
export function mountMap(element: HTMLElement, key: SlideKey, slide: Slide): () => void {
  failures.value = null
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
  })
  const { mpp } = slide.pyramid
  if (mpp) map.nextDownsample = (downsample) => presetDownsample(mpp, downsample)
  if (place.value) map.show(place.value)
  else map.home(false)
  const detach = attachAll({ map: map.map, key, slide })
  currentMap.value = map
  return () => {
    currentMap.value = null
    detach()
    map.dispose()
  }
}

/** Go to a magnification. */
export function magnify(preset: number, mpp: number): void {
  currentMap.value?.go({ downsample: mppAt(preset) / mpp })
}

/** Ask again for the tiles that failed. */
export function retryTiles(): void {
  failures.value = null
  currentMap.value?.retry()
}

/** The downsample of the next preset, or half the present one beyond the last. */
function presetDownsample(mpp: number, downsample: number): number {
  const next = nextPreset(slidePresets.value, magnification(mpp * downsample))
  return next ? mppAt(next) / mpp : downsample / 2
}

function countFailure(error: unknown): void {
  const known = error instanceof ServerError || error instanceof UndrawableError
  failures.value = {
    count: (failures.value?.count ?? 0) + 1,
    message: known ? error.message : t('the frame is damaged and cannot be decoded'),
    momentary: !(error instanceof UndrawableError),
  }
}
