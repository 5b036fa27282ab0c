// SPDX-License-Identifier: Apache-2.0
/** The worklist: one search field, what it is understood as, and the cases found. */

import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'

import { ChosenBar } from '../compare/Choose'
import { settings } from '../settings/commands'
import { changeLanguage, changeTheme, help, languageLabel, themeLabel } from '../ui/commands'
import { Tool } from '../ui/Tool'
import { isPlainClick } from '../ui/links'
import { ORIGIN } from '../root'
import { jobsPath, openJobs } from '../jobs/place'
import { ChooseFiles, UploadArea } from '../upload/UploadArea'
import { t } from '../words'
import { CaseTable } from './CaseTable'
import { EmptyList, FailedList } from './notices'
import { Origins } from './Origins'
import { SearchField } from './SearchField'
import { StatusLine } from './StatusLine'
import { followSearch, list, understood } from './store'

import './worklist.css'

export function WorklistPage(): JSX.Element {
  useEffect(followSearch, [])
  return (
    <UploadArea>
      <main class="worklist">
        <header class="worklist-header">
          <div class="worklist-name">
            <h1>Coverslip</h1>
            <Origins />
          </div>
          <SearchField />
          <div class="worklist-tools">
            <ChooseFiles />
            <JobsLink />
            <Tool command={changeTheme} label={themeLabel()} />
            <Tool command={changeLanguage} label={languageLabel()} />
            <Tool command={settings} />
            <Tool command={help} />
          </div>
        </header>
        <StatusLine />
        <Body />
        <ChosenBar />
      </main>
    </UploadArea>
  )
}

/** Another server's jobs are its own. */
function JobsLink(): JSX.Element | null {
  if (ORIGIN !== null) return null
  return (
    <a
      class="button"
      href={jobsPath()}
      onClick={(event) => {
        if (!isPlainClick(event)) return
        event.preventDefault()
        openJobs()
      }}
    >
      {t('jobs')}
    </a>
  )
}

function Body(): JSX.Element {
  const found = list.value
  if (!found || found.state.value === 'loading') {
    return <p class="quiet worklist-waiting">{t('reading the archive…')}</p>
  }
  if (found.state.value === 'failed') return <FailedList message={found.problem.value} />
  if (found.count.value === 0) return <EmptyList isSearch={understood.value.length > 0} />
  return <CaseTable list={found} />
}
