// SPDX-License-Identifier: Apache-2.0
/** What is shown at an address that has no page. */

import type { JSX } from 'preact'

import { navigate } from '../state'
import { t } from '../words'
import { Notice } from './Notice'

export function NoPage(): JSX.Element {
  return (
    <main>
      <Notice title={t('there is no page here')}>
        <p>{t('The address may be mistyped, or cut short where it was copied from.')}</p>
        <p>
          <button
            type="button"
            class="button"
            onClick={() => {
              navigate(null)
            }}
          >
            {t('go to the worklist')}
          </button>
        </p>
      </Notice>
    </main>
  )
}
