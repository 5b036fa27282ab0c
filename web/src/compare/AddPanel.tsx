// SPDX-License-Identifier: Apache-2.0
/** The list of slides that can be added to a comparison. */

import type { JSX } from 'preact'

import { Icon } from '../ui/Icon'
import { t } from '../words'
import { addSlide } from './actions'
import { BesideList } from './BesideList'
import { addShown } from './panels'
import { comparison } from './store'

export function AddPanel(): JSX.Element | null {
  if (!addShown.value) return null
  return (
    <aside class="group drawer" aria-label={t('add a slide')}>
      <header>
        <h2>{t('add a slide')}</h2>
        <button
          type="button"
          class="tool"
          aria-label={t('close {panel}', { panel: t('add a slide') })}
          onClick={() => {
            addShown.value = false
          }}
        >
          <Icon name="close" />
        </button>
      </header>
      <div class="drawer-body">
        <BesideList
          shown={comparison.value.panes.map(({ key }) => key)}
          onChoose={(key) => {
            addSlide(key)
            addShown.value = false
          }}
        />
      </div>
    </aside>
  )
}
