// SPDX-License-Identifier: Apache-2.0
/** Slides that can be put beside the ones shown: those of the case, and those chosen of others. */

import { batch } from '@preact/signals'
import type { JSX } from 'preact'

import type { SlideKey } from '../api'
import { stainOf } from '../case/specimen'
import { keyOf, preview } from '../load'
import { identityHidden, navigate, siblings } from '../state'
import { patientLine, slideName } from '../ui/format'
import { Picture } from '../ui/Picture'
import { cases } from '../ui/tray'
import { t } from '../words'
import { chosen, isChosen, toggleChosen } from './chosen'

import './choose.css'

interface Properties {
  readonly shown: readonly SlideKey[]
  readonly onChoose: (key: SlideKey) => void
}

export function BesideList({ shown, onChoose }: Properties): JSX.Element {
  const isOther = ({ series }: SlideKey): boolean => !shown.some((key) => key.series === series)
  const members = (cases(siblings.value)[0]?.slides ?? []).map(keyOf).filter(isOther)
  const waiting = chosen.value
    .filter(isOther)
    .filter((key) => !members.some(({ series }) => series === key.series))
  const [first] = shown
  return (
    <>
      <Slides keys={members} onChoose={onChoose} />
      {members.length === 0 && <p class="quiet">{t('the case has no other slide')}</p>}
      {waiting.length > 0 && <h3>{t('chosen of other cases')}</h3>}
      <Slides keys={waiting} onChoose={onChoose} />
      <p>
        <button
          type="button"
          class="button"
          onClick={() => {
            batch(() => {
              if (first && !isChosen(first)) toggleChosen(first)
              navigate(null)
            })
          }}
        >
          {t('choose a slide of another case')}
        </button>
      </p>
    </>
  )
}

function Slides({
  keys,
  onChoose,
}: {
  readonly keys: readonly SlideKey[]
  readonly onChoose: (key: SlideKey) => void
}): JSX.Element {
  return (
    <ul class="beside-list">
      {keys.map((key) => (
        <li key={key.series}>
          <BesideSlide slideKey={key} onChoose={onChoose} />
        </li>
      ))}
    </ul>
  )
}

function BesideSlide({
  slideKey,
  onChoose,
}: {
  readonly slideKey: SlideKey
  readonly onChoose: (key: SlideKey) => void
}): JSX.Element {
  const loaded = preview(slideKey).value
  const found = loaded.state === 'ready' ? loaded.value : null
  const name = found ? slideName(found.slide.identity) : '…'
  const stain = found && stainOf(found.slide.pyramid.levels[0].image.dataSet)
  const whose = found && !identityHidden.value ? patientLine(found.slide.identity) : ''
  return (
    <button
      type="button"
      class="beside-slide"
      onClick={() => {
        onChoose(slideKey)
      }}
    >
      <span class="beside-picture">
        {found?.picture && (
          <Picture bitmap={found.picture} label={t('thumbnail of {slide}', { slide: name })} />
        )}
      </span>
      <span class="beside-name">
        <strong>{name}</strong>
        <span class="quiet">{loaded.state === 'failed' ? loaded.message : stain}</span>
        <span class="quiet">{whose}</span>
      </span>
    </button>
  )
}
