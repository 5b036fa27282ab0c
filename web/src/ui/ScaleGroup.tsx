// SPDX-License-Identifier: Apache-2.0
/** Bottom left: scale bar, magnification and its presets, rotation; always readable. */

import type { JSX } from 'preact'

import { magnification, scaleBar } from '../dicom/geometry'
import type { Slide } from '../dicom/slide'
import { magnify } from '../map/current'
import { mirror } from '../navigate/commands'
import { PointerPlace } from '../navigate/PointerPlace'
import { ScaleInput } from '../navigate/ScaleInput'
import { screenMpp, slidePresets, viewed } from '../state'
import { t } from '../words'
import { upright } from './commands'
import { length, times } from './format'

const LONGEST_BAR_PX = 160

export function ScaleGroup({ slide }: { readonly slide: Slide }): JSX.Element {
  const { mpp } = slide.pyramid
  return (
    <footer class="group scale">
      {mpp ? <Calibrated slide={slide} mpp={mpp} /> : <Uncalibrated slide={slide} />}
      <Turn />
      <PointerPlace slide={slide} />
    </footer>
  )
}

function Calibrated({ slide, mpp }: { readonly slide: Slide; readonly mpp: number }): JSX.Element {
  const onScreen = screenMpp.value ?? mpp
  const bar = scaleBar(onScreen, LONGEST_BAR_PX)
  const magnified = magnification(onScreen)
  return (
    <>
      <div
        class="scale-bar"
        role="img"
        aria-label={t('scale bar: {length}', { length: length(bar.micrometres) })}
      >
        <span>{length(bar.micrometres)}</span>
        <div class="scale-line" style={{ width: `${bar.pixels}px` }} />
      </div>
      <ScaleInput slide={slide} />
      <div class="presets" role="group" aria-label={t('magnification presets')}>
        {slidePresets.value.map((preset, index) => (
          <button
            key={preset}
            type="button"
            class="tool preset"
            aria-label={t('magnification {preset}', { preset })}
            aria-keyshortcuts={String(index + 1)}
            aria-pressed={Math.abs(magnified / preset - 1) < 0.005}
            data-tip={`${times(preset)} (${index + 1})`}
            onClick={() => {
              magnify(preset, mpp)
            }}
          >
            {times(preset)}
          </button>
        ))}
      </div>
    </>
  )
}

function Uncalibrated({ slide }: { readonly slide: Slide }): JSX.Element {
  return (
    <>
      <span class="uncalibrated">
        {t('uncalibrated: the slide does not state the size of a pixel')}
      </span>
      <ScaleInput slide={slide} />
    </>
  )
}

/** How the slide is turned as it is seen, and whether in a mirror: each undone by a click. */
function Turn(): JSX.Element | null {
  const { rotation = 0, mirrored = false } = viewed.value ?? {}
  const degrees = Math.round(((mirrored ? -1 : 1) * (rotation * 180)) / Math.PI)
  const folded = ((degrees % 360) + 360) % 360
  return (
    <>
      {folded !== 0 && (
        <button
          type="button"
          class="tool preset"
          aria-label={t('turn upright')}
          data-tip={`${t('upright')} (u)`}
          onClick={upright.run}
        >
          {folded}°
        </button>
      )}
      {mirrored && (
        <button
          type="button"
          class="tool preset mirrored"
          data-tip={`${t('mirror')} (f)`}
          onClick={mirror.run}
        >
          {t('mirrored')}
        </button>
      )}
    </>
  )
}
