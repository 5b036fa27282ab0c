// SPDX-License-Identifier: Apache-2.0
/** Scale bar, magnification and turn of a pane. */

import type { JSX } from 'preact'

import { magnification, scaleBar } from '../dicom/geometry'
import type { Slide } from '../dicom/slide'
import { length, perPixel, times } from '../ui/format'
import { t } from '../words'
import { mounted } from './moving'

const LONGEST_BAR_PX = 120

interface Properties {
  readonly name: string
  readonly slide: Slide
}

export function PaneScale({ name, slide }: Properties): JSX.Element | null {
  const viewed = mounted.value.get(name)?.viewed.value
  if (!viewed) return null
  const { mpp } = slide.pyramid
  const side = viewed.mirrored ? -1 : 1
  const degrees = Math.round((side * viewed.rotation * 180) / Math.PI)
  const turned = ((degrees % 360) + 360) % 360
  return (
    <footer class="group pane-scale">
      {mpp ? (
        <Bar mpp={mpp * viewed.downsample} />
      ) : (
        <span class="uncalibrated">{t('uncalibrated')}</span>
      )}
      {turned !== 0 && <span>{turned}°</span>}
      {viewed.mirrored && <span class="uncalibrated">{t('mirrored')}</span>}
    </footer>
  )
}

function Bar({ mpp }: { readonly mpp: number }): JSX.Element {
  const bar = scaleBar(mpp, LONGEST_BAR_PX)
  return (
    <>
      <div
        class="scale-bar"
        role="img"
        aria-label={t('scale bar: {length}', {
          length: length(bar.micrometres),
        })}
      >
        <span>{length(bar.micrometres)}</span>
        <div class="scale-line" style={{ width: `${bar.pixels}px` }} />
      </div>
      <span class="pane-times">
        <output>{times(magnification(mpp))}</output> <span class="quiet">{perPixel(mpp)}</span>
      </span>
    </>
  )
}
