// SPDX-License-Identifier: Apache-2.0
/** Where the pointer is on the slide, from its upper left. */

import type { JSX } from 'preact'

import type { Slide } from '../dicom/slide'
import { pointer } from '../map/pointer'
import { t } from '../words'
import { placeWords } from './parse'
import { rulerOf } from './ruler'

export function PointerPlace({ slide }: { readonly slide: Slide }): JSX.Element {
  const place = pointer.value
  const { size, mpp } = slide.pyramid
  const within =
    place && place.x >= 0 && place.y >= 0 && place.x <= size.width && place.y <= size.height
  return (
    <span class="pointer-place" role="img" aria-label={t('place of the pointer')}>
      {within ? placeWords(place, mpp ? 'mm' : 'px', rulerOf(slide)) : '–'}
    </span>
  )
}
