// SPDX-License-Identifier: Apache-2.0
/** The drawer of the link to what is seen now. */

import { signal, useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useRef } from 'preact/hooks'

import { address } from '../state'
import { Drawer } from '../ui/Drawer'
import { Tick } from '../ui/Tick'
import { language, LANGUAGES, t } from '../words'
import { sharedLink } from './link'

import '../snapshot/snapshot.css'

const withPanels = signal(false)
const withLanguage = signal(false)

export function ShareDrawer(): JSX.Element {
  const told = useSignal('')
  const area = useRef<HTMLTextAreaElement>(null)
  const link = sharedLink(location.origin + address.value, {
    panels: withPanels.value,
    language: withLanguage.value ? language.value : null,
  })
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(link)
      told.value = t('copied')
    } catch {
      area.current?.select()
      told.value = t('the browser does not let this page copy; press ctrl c')
    }
  }
  return (
    <Drawer title={t('share link')}>
      <textarea
        ref={area}
        class="field share-link"
        readOnly
        spellcheck={false}
        aria-label={t('link to what is seen now')}
        value={link}
        onFocus={(event) => {
          event.currentTarget.select()
        }}
      />
      <div class="snapshot-actions">
        <button type="button" class="button" onClick={() => void copy()}>
          {t('copy')}
        </button>
      </div>
      <p class="quiet" role="status">
        {told.value}
      </p>
      <Tick of={withPanels}>{t('with the panels that are open')}</Tick>
      <Tick of={withLanguage}>{t('in {language}', { language: LANGUAGES[language.value] })}</Tick>
      <Notes />
    </Drawer>
  )
}

function Notes(): JSX.Element {
  return (
    <ul class="notes">
      <li>{t('It opens the same place, at the same scale and turn, with the same colours.')}</li>
      <li>{t('Whoever opens it needs access to this server; the link gives none.')}</li>
      <li>
        {t(
          'It names study and series by their UIDs, not the patient. Measures and annotations stay in this browser.',
        )}
      </li>
    </ul>
  )
}
