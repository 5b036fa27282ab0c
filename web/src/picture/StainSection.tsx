// SPDX-License-Identifier: Apache-2.0
/** Stains taken apart: which are shown, and whose colours they are taken to have. */

import type { JSX } from 'preact'

import type { Slide } from '../dicom/slide'
import { keyOf } from '../load'
import { t } from '../words'
import { Choice, Swatch, Switch } from './controls'
import { ownStains } from './own'
import type { StainsShown } from './settings'
import { STANDARD, stainColour } from './stains'
import { change, settings } from './state'

const ALL: StainsShown = { haematoxylin: true, eosin: true, residual: true }

export function StainSection({ slide }: { readonly slide: Slide }): JSX.Element | null {
  const { stains, stainColours } = settings.value
  const isColour = slide.pyramid.levels[0].image.samples.samplesPerPixel === 3
  if (!isColour) return null
  return (
    <section>
      <h3>{t('stains')}</h3>
      <Choice
        label={t('stains')}
        options={[
          {
            name: t('together'),
            chosen: stains === null,
            choose: () => {
              change({ stains: null })
            },
          },
          {
            name: t('taken apart'),
            chosen: stains !== null,
            choose: () => {
              change({ stains: { ...ALL, eosin: false, residual: false } })
            },
          },
        ]}
      />
      {stains && <Shown slide={slide} stains={stains} />}
      {stains && <Colours slide={slide} chosen={stainColours} />}
    </section>
  )
}

function Shown({
  slide,
  stains,
}: {
  readonly slide: Slide
  readonly stains: StainsShown
}): JSX.Element {
  const matrix = matrixFor(slide)
  const parts = [
    { name: 'haematoxylin', label: t('haematoxylin'), stain: matrix[0] },
    { name: 'eosin', label: t('eosin'), stain: matrix[1] },
    { name: 'residual', label: t('residual: neither of them'), stain: matrix[2] },
  ] as const
  return (
    <>
      {parts.map(({ name, label, stain }) => (
        <Switch
          key={name}
          label={label}
          on={stains[name]}
          onChange={(on) => {
            change({ stains: { ...stains, [name]: on } })
          }}
        >
          <Swatch colour={stainColour(stain)} />
        </Switch>
      ))}
    </>
  )
}

function Colours({
  slide,
  chosen,
}: {
  readonly slide: Slide
  readonly chosen: 'standard' | 'slide'
}): JSX.Element {
  const own = chosen === 'slide' ? ownStains(keyOf(slide.identity), slide).value : null
  return (
    <>
      <Choice
        label={t('colours of the stains')}
        options={[
          {
            name: t('standard'),
            chosen: chosen === 'standard',
            choose: () => {
              change({ stainColours: 'standard' })
            },
          },
          {
            name: t('of this slide'),
            chosen: chosen === 'slide',
            choose: () => {
              change({ stainColours: 'slide' })
            },
          },
        ]}
      />
      <p class="quiet">
        {chosen === 'standard' && t('colours by Ruifrok and Johnston')}
        {own?.state === 'loading' && t('estimating from the whole slide …')}
        {own?.state === 'ready' && t('estimated from the whole slide (Macenko)')}
        {own?.state === 'unknown' && t('too little tissue to estimate; standard colours are used')}
      </p>
    </>
  )
}

function matrixFor(slide: Slide): typeof STANDARD {
  if (settings.value.stainColours === 'standard') return STANDARD
  const own = ownStains(keyOf(slide.identity), slide).value
  return own.state === 'ready' ? own.stains : STANDARD
}
