// SPDX-License-Identifier: Apache-2.0
/** Above the scale: the focal plane, of slides that have several. */

import type { JSX } from 'preact'

import type { Slide } from '../dicom/slide'
import { significant } from '../ui/format'
import { Tool } from '../ui/Tool'
import { t } from '../words'
import { focusHigher, focusLower } from './commands'
import { chosenPlane, planeOf } from './sheets'

export function FocusGroup({ slide }: { readonly slide: Slide }): JSX.Element | null {
  const { heights } = slide.pyramid
  if (heights.length < 2) return null
  const plane = planeOf(slide.pyramid)
  const text = t('plane {plane} of {planes}', { plane: plane + 1, planes: heights.length })
  const height = `${significant(heights[plane] ?? 0, 3)}\u2009µm`
  return (
    <div class="group focus" role="group" aria-label={t('focal plane')}>
      <Tool command={focusLower} label={t(focusLower.label)} />
      <input
        type="range"
        min={1}
        max={heights.length}
        step={1}
        value={plane + 1}
        aria-label={t('focal plane')}
        aria-valuetext={`${text}, ${height}`}
        onInput={({ currentTarget }) => {
          chosenPlane.value = currentTarget.valueAsNumber - 1
        }}
      />
      <Tool command={focusHigher} label={t(focusHigher.label)} />
      <output>
        {text} <span class="quiet">{height}</span>
      </output>
    </div>
  )
}
