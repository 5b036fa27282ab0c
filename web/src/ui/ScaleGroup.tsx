// SPDX-License-Identifier: Apache-2.0
/** Bottom left: scale bar, magnification and its presets, rotation; always readable. */

import type { JSX } from 'preact'

import { magnification, scaleBar } from '../dicom/geometry'
import type { Slide } from '../dicom/slide'
import { magnify } from '../map/current'
import { screenMpp, slidePresets, viewed } from '../state'
import { t } from '../words'
import { upright } from './commands'
import { length, perPixel, significant, times } from './format'

const LONGEST_BAR_PX = 160

export function ScaleGroup({ slide }: { readonly slide: Slide }): JSX.Element {
  const { mpp } = slide.pyramid
  return (
    <footer class="group scale">
      {mpp ? <Calibrated mpp={mpp} /> : <Uncalibrated />}
      <Turn />
    </footer>
  )
}

function Calibrated({ mpp }: { readonly mpp: number }): JSX.Element {
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
      <div class="magnification">
        <output aria-label={t('magnification')}>{times(magnified)}</output>
        <span class="quiet">{perPixel(onScreen)}</span>
      </div>
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

function Uncalibrated(): JSX.Element {
  const downsample = viewed.value?.downsample ?? 1
  return (
    <>
      <span class="uncalibrated">
        {t('uncalibrated: the slide does not state the size of a pixel')}
      </span>
      <div class="magnification">
        <output aria-label={t('pixels of the slide per pixel of the screen')}>
          1 : {significant(downsample, 3)}
        </output>
      </div>
    </>
  )
}

function Turn(): JSX.Element | null {
  const degrees = Math.round(((viewed.value?.rotation ?? 0) * 180) / Math.PI)
  const folded = ((degrees % 360) + 360) % 360
  if (folded === 0) return null
  return (
    <button
      type="button"
      class="tool preset"
      aria-label={t('turn upright')}
      data-tip={`${t('upright')} (u)`}
      onClick={upright.run}
    >
      {folded}°
    </button>
  )
}
