// SPDX-License-Identifier: Apache-2.0
/** Aligning by points: how it goes, what the points give, and taking that over. */

import type { JSX } from 'preact'

import { length, significant } from '../ui/format'
import { msg, t } from '../words'
import { align, endAligning, fits, kindWanted, removePoint, type Fit } from './aligning'
import { LEAST_PAIRS, type Kind } from './fit'
import { comparison, shownSlides } from './store'

const OFFERED: readonly (readonly [Kind, string])[] = [
  ['rigid', msg('turn and shift')],
  ['similarity', msg('also size')],
  ['affine', msg('also shape')],
]

export function AlignPanel(): JSX.Element {
  const found = fits.value
  const most = Math.max(...found.map(({ pairs }) => pairs))
  const isAny = found.some(({ map }) => map !== null)
  const isSet = comparison.value.panes.some(({ points }) => points.length > 0)
  return (
    <aside class="group align-panel" aria-label={t('align by points')}>
      <p>{t('Click the same place on each slide: two or three places, far apart.')}</p>
      <ul aria-live="polite">
        {found.map((fit) => (
          <li key={fit.index}>{fitWords(fit)}</li>
        ))}
      </ul>
      <div class="align-kinds" role="group" aria-label={t('what may change')}>
        {OFFERED.map(([kind, label]) => (
          <button
            key={kind}
            type="button"
            class="tool option"
            disabled={most < LEAST_PAIRS[kind]}
            aria-pressed={found.some((fit) => fit.map !== null && fit.kind === kind)}
            onClick={() => {
              kindWanted.value = kind
            }}
          >
            {t(label)}
          </button>
        ))}
      </div>
      <div class="align-buttons">
        <button type="button" class="button" disabled={!isSet} onClick={removePoint}>
          {t('remove the last point')}
        </button>
        <button
          type="button"
          class="button"
          onClick={() => {
            endAligning()
          }}
        >
          {t('cancel')}
        </button>
        <button type="button" class="button main" disabled={!isAny} onClick={align}>
          {t('align')}
        </button>
      </div>
    </aside>
  )
}

function fitWords({ index, pairs, kind, map, residual }: Fit): string {
  const number = index + 1
  if (pairs === 0) return t('slide {number}: no pair yet', { number })
  const count = pairs === 1 ? t('1 pair') : t('{count} pairs', { count: pairs })
  if (!map)
    return t('slide {number}: {count}, which lie too close or in one line', {
      number,
      count,
    })
  if (pairs === 1) return t('slide {number}: {count}, for a shift', { number, count })
  if (kind !== 'rigid' && pairs === LEAST_PAIRS[kind])
    return t('slide {number}: {count}, none left to check by', {
      number,
      count,
    })
  const isCalibrated = shownSlides.value[0]?.pyramid.mpp !== null
  const rounded = Math.round(residual * 10) / 10
  const rest = isCalibrated ? length(rounded) : `${significant(rounded, 3)}\u2009px`
  return t('slide {number}: {count}, off by {rest}', { number, count, rest })
}
