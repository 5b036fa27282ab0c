// SPDX-License-Identifier: Apache-2.0
/** The worklist: one search field, what it is understood as, and the cases found. */

import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'

import { changeLanguage, changeTheme, help, languageLabel, themeLabel } from '../ui/commands'
import { Tool } from '../ui/Tool'
import { ChooseFiles, UploadArea } from '../upload/UploadArea'
import { t } from '../words'
import { CaseTable } from './CaseTable'
import { EmptyList, FailedList } from './notices'
import { SearchField } from './SearchField'
import { StatusLine } from './StatusLine'
import { followSearch, list, terms } from './store'

import './worklist.css'

export function WorklistPage(): JSX.Element {
  useEffect(followSearch, [])
  return (
    <UploadArea>
      <main class="worklist">
        <header class="worklist-header">
          <h1>Coverslip</h1>
          <SearchField />
          <div class="worklist-tools">
            <ChooseFiles />
            <Tool command={changeTheme} label={themeLabel()} />
            <Tool command={changeLanguage} label={languageLabel()} />
            <Tool command={help} />
          </div>
        </header>
        <StatusLine />
        <Body />
      </main>
    </UploadArea>
  )
}

function Body(): JSX.Element {
  const found = list.value
  if (!found || found.state.value === 'loading') {
    return <p class="quiet worklist-waiting">{t('reading the archive…')}</p>
  }
  if (found.state.value === 'failed') return <FailedList message={found.problem.value} />
  if (found.count.value === 0) return <EmptyList isSearch={terms.value.length > 0} />
  return <CaseTable list={found} />
}
