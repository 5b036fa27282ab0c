// SPDX-License-Identifier: Apache-2.0
/** The label and the whole glass, which may name the patient: shown only when asked for. */

import type { JSX } from 'preact'

import type { Slide } from '../dicom/slide'
import { labelShown } from '../state'
import { t } from '../words'
import { Icon } from './Icon'
import { LabelPicture } from './LabelPicture'

export function LabelPanel({ slide }: { readonly slide: Slide }): JSX.Element {
  const { identity, label, overview } = slide
  return (
    <aside class="group label-panel" aria-label={t('label')}>
      <header>
        <h2>{t('label')}</h2>
        <button
          type="button"
          class="tool"
          aria-label={t('close {panel}', { panel: t('label') })}
          onClick={() => {
            labelShown.value = false
          }}
        >
          <Icon name="close" />
        </button>
      </header>
      {label && <LabelPicture identity={identity} image={label} />}
      {overview && <LabelPicture identity={identity} image={overview} />}
      {!label && !overview && <p class="quiet">{t('the slide has no label image')}</p>}
    </aside>
  )
}
