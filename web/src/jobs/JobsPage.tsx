// SPDX-License-Identifier: Apache-2.0
/** What the server does that takes longer than a request: a live list, with what can be done. */

import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'

import { navigate } from '../state'
import { changeLanguage, changeTheme, help, languageLabel, themeLabel } from '../ui/commands'
import { grouped } from '../ui/format'
import { Icon } from '../ui/Icon'
import { Notice } from '../ui/Notice'
import { Tool } from '../ui/Tool'
import { t } from '../words'
import { STATES, type JobState } from './job'
import { JobTable } from './JobTable'
import { isLive } from './live'
import {
  absent,
  choose,
  filter,
  followJobs,
  isFiltered,
  isListed,
  jobs,
  list,
  problem,
} from './store'
import { KIND_WORDS, kindText, STATE_WORDS } from './telling'

import './jobs.css'

export function JobsPage(): JSX.Element {
  useEffect(followJobs, [])
  return (
    <main class="jobs-page">
      <header class="jobs-header">
        <button
          type="button"
          class="tool"
          aria-label={t('worklist')}
          title={t('worklist')}
          onClick={() => {
            navigate(null)
          }}
        >
          <Icon name="back" />
        </button>
        <h1>{t('jobs')}</h1>
        <StateChoice />
        <KindChoice />
        <p class="jobs-status" role="status">
          {isListed.value && <span>{countText(jobs.value.length)} </span>}
          {absent.value !== null && (
            <span class="remark">{t('there is no job {id}', { id: absent.value })} </span>
          )}
          <Liveness />
        </p>
        <div class="jobs-tools">
          <Tool command={changeTheme} label={themeLabel()} />
          <Tool command={changeLanguage} label={languageLabel()} />
          <Tool command={help} />
        </div>
      </header>
      <Body />
    </main>
  )
}

function countText(count: number): string {
  return count === 1 ? t('1 job') : t('{count} jobs', { count: grouped(count) })
}

function Liveness(): JSX.Element {
  if (!isLive.value) return <span class="remark">{t('not live: the server does not answer')}</span>
  return <span class="live quiet">{t('live')}</span>
}

function StateChoice(): JSX.Element {
  const chosen = filter.value.state
  const states: readonly (JobState | null)[] = [null, ...STATES]
  return (
    <div class="state-choice" role="group" aria-label={t('state')}>
      {states.map((state) => (
        <button
          key={state}
          type="button"
          class="button"
          aria-pressed={state === chosen}
          onClick={() => {
            choose({ state })
          }}
        >
          {state ? t(STATE_WORDS[state]) : t('all')}
        </button>
      ))}
    </div>
  )
}

function KindChoice(): JSX.Element {
  const chosen = filter.value.kind ?? ''
  const kinds = new Set([...Object.keys(KIND_WORDS), ...(chosen ? [chosen] : [])])
  return (
    <select
      class="button"
      aria-label={t('kind')}
      value={chosen}
      onChange={({ currentTarget }) => {
        choose({ kind: currentTarget.value || null })
      }}
    >
      <option value="">{t('all kinds')}</option>
      {[...kinds].map((kind) => (
        <option key={kind} value={kind}>
          {kindText(kind)}
        </option>
      ))}
    </select>
  )
}

function Body(): JSX.Element | null {
  if (jobs.value.length > 0) return <JobTable jobs={jobs.value} />
  if (problem.value)
    return (
      <Notice title={t('the jobs cannot be listed')}>
        <p>{problem.value}</p>
        <p>
          <button type="button" class="button" onClick={() => void list()}>
            {t('try again')}
          </button>
        </p>
      </Notice>
    )
  return isListed.value ? <NoJobs /> : <p class="quiet">{t('reading the jobs…')}</p>
}

function NoJobs(): JSX.Element {
  if (!isFiltered(filter.value))
    return (
      <Notice title={t('no jobs yet')}>
        <p>{t('Drop a slide on the worklist: its conversion is the first job.')}</p>
      </Notice>
    )
  return (
    <Notice title={t('no such jobs')}>
      <p>
        <button
          type="button"
          class="button"
          onClick={() => {
            choose({ state: null, kind: null })
          }}
        >
          {t('show all jobs')}
        </button>
      </p>
    </Notice>
  )
}
