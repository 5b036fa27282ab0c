// SPDX-License-Identifier: Apache-2.0
/** Choosing slides to compare: a box on each slide of a case, and what is chosen so far. */

import type { JSX } from 'preact'

import type { SlideKey } from '../api'
import { preview } from '../load'
import { slideName } from '../ui/format'
import { t } from '../words'
import { compare, MOST_PANES } from './beside'
import { chosen, isChosen, toggleChosen } from './chosen'

import './choose.css'

interface Properties {
  readonly slideKey: SlideKey
  readonly name: string
}

export function ChooseBox({ slideKey, name }: Properties): JSX.Element {
  const isFull = chosen.value.length >= MOST_PANES
  return (
    <label class="choose-box">
      <input
        type="checkbox"
        aria-label={t('compare {slide}', { slide: name })}
        checked={isChosen(slideKey)}
        disabled={isFull && !isChosen(slideKey)}
        onChange={() => {
          toggleChosen(slideKey)
        }}
      />
      <span aria-hidden="true">{t('compare')}</span>
    </label>
  )
}

/** What is chosen, of this case and of others. */
export function ChosenBar(): JSX.Element | null {
  const keys = chosen.value
  if (keys.length === 0) return null
  const names = keys.map((key) => {
    const loaded = preview(key).value
    return loaded.state === 'ready' ? slideName(loaded.value.slide.identity) : '…'
  })
  return (
    <aside class="group chosen" aria-label={t('slides to compare')}>
      <p role="status">
        <strong>
          {keys.length === 1
            ? t('1 slide chosen, choose another')
            : t('{count} slides chosen', { count: keys.length })}
        </strong>{' '}
        <span class="quiet">{names.join(', ')}</span>
      </p>
      <button
        type="button"
        class="button"
        onClick={() => {
          chosen.value = []
        }}
      >
        {t('choose none')}
      </button>
      <button
        type="button"
        class="button main"
        disabled={keys.length < 2}
        onClick={() => {
          compare(keys)
          chosen.value = []
        }}
      >
        {t('compare')}
      </button>
    </aside>
  )
}
