// SPDX-License-Identifier: Apache-2.0
/** The magnification, exactly; a click on it, or `z`, lets one type another. */

import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

import { magnification } from '../dicom/geometry'
import type { Slide } from '../dicom/slide'
import { currentMap } from '../map/current'
import { viewed } from '../state'
import { perPixel, significant } from '../ui/format'
import { t } from '../words'
import { typingScale } from './commands'
import { parseScale } from './parse'
import { rulerOf } from './ruler'

export function ScaleInput({ slide }: { readonly slide: Slide }): JSX.Element {
  return typingScale.value ? <Typing slide={slide} /> : <Shown slide={slide} />
}

function Shown({ slide }: { readonly slide: Slide }): JSX.Element {
  const { mpp } = slide.pyramid
  const downsample = viewed.value?.downsample ?? 1
  const label = t('type a magnification')
  const exact = mpp
    ? [`${significant(magnification(mpp * downsample), 4)}×`, perPixel(mpp * downsample, 4)]
    : [`1 : ${significant(downsample, 4)}`]
  return (
    <button
      type="button"
      class="tool magnification"
      aria-label={`${label}: ${exact.join(', ')}`}
      data-tip={`${label} (z)`}
      aria-keyshortcuts="z"
      onClick={() => {
        typingScale.value = true
      }}
    >
      <output
        aria-label={mpp ? t('magnification') : t('pixels of the slide per pixel of the screen')}
      >
        {exact[0]}
      </output>
      {exact[1] && <span class="quiet">{exact[1]}</span>}
    </button>
  )
}

function Typing({ slide }: { readonly slide: Slide }): JSX.Element {
  const input = useRef<HTMLInputElement>(null)
  const [wrong, setWrong] = useState(false)
  useEffect(() => {
    input.current?.select()
  }, [])
  const leave = (): void => {
    typingScale.value = false
  }
  return (
    <form
      class="type-scale"
      onSubmit={(event) => {
        event.preventDefault()
        const downsample = parseScale(input.current?.value ?? '', rulerOf(slide))
        setWrong(downsample === null)
        if (downsample === null) return
        currentMap.value?.go({ downsample })
        leave()
      }}
    >
      <input
        ref={input}
        class="field"
        size={10}
        aria-label={t('magnification')}
        aria-invalid={wrong}
        placeholder={slide.pyramid.mpp ? '12.5x, 0.8 µm' : '1:4'}
        onBlur={leave}
        onKeyDown={(event) => {
          if (event.key === 'Escape') leave()
        }}
      />
      {wrong && <span role="alert">{slide.pyramid.mpp ? '12.5x, 0.8 µm' : '1:4'}</span>}
    </form>
  )
}
