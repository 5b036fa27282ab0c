// SPDX-License-Identifier: Apache-2.0
/** Bottom right: the whole slide with the part that is viewed; a click or a drag goes there. */

import type { JSX } from 'preact'

import type { SlideKey } from '../api'
import { corners } from '../dicom/geometry'
import type { Slide } from '../dicom/slide'
import { coarsestImage, picture, preview } from '../load'
import { currentMap } from '../map/current'
import { SeenShade } from '../navigate/SeenShade'
import { drawnOnce, viewed } from '../state'
import { t } from '../words'
import { Picture } from './Picture'

interface Properties {
  readonly slideKey: SlideKey
  readonly slide: Slide
}

export function Overview({ slideKey, slide }: Properties): JSX.Element {
  const { width, height } = slide.pyramid.size
  const bitmap = wholeSlide(slideKey, slide)
  const go = (event: PointerEvent): void => {
    if (event.buttons === 1 && event.currentTarget instanceof Element)
      goTo(event, event.currentTarget, slide)
  }
  return (
    <aside class="group overview fading" aria-label={t('overview')}>
      <div
        class="overview-map"
        style={{ aspectRatio: `${width} / ${height}` }}
        data-shape={width > height ? 'wide' : 'tall'}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId)
          go(event)
        }}
        onPointerMove={go}
      >
        {bitmap && <Picture bitmap={bitmap} label={t('the whole slide')} />}
        <SeenShade slide={slide} />
        <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
          <polygon class="viewed" points={outline()} />
        </svg>
      </div>
    </aside>
  )
}

/**
 * The slide's coarsest level; its thumbnail only where that has too many tiles. A thumbnail need
 * not show the same region (that of Aperio's CMU-1-Small-Region does not).
 */
function wholeSlide(slideKey: SlideKey, slide: Slide): ImageBitmap | null {
  if (!drawnOnce.value) return null
  const level = picture(slideKey, coarsestImage(slide)).value
  if (level.state !== 'ready') return null
  if (level.value) return level.value
  const loaded = preview(slideKey).value
  return loaded.state === 'ready' ? loaded.value.picture : null
}

function outline(): string {
  if (!viewed.value) return ''
  return corners(viewed.value)
    .map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`)
    .join(' ')
}

function goTo(event: PointerEvent, map: Element, slide: Slide): void {
  const box = map.getBoundingClientRect()
  const { width, height } = slide.pyramid.size
  const centre = {
    x: ((event.clientX - box.left) / box.width) * width,
    y: ((event.clientY - box.top) / box.height) * height,
  }
  currentMap.value?.go({ centre }, event.type === 'pointerdown')
}
