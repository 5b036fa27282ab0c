// SPDX-License-Identifier: Apache-2.0
/** The table of jobs: a row for each, below which its details can be opened. */

import { signal } from '@preact/signals'
import type { JSX } from 'preact'

import { t } from '../words'
import { isFinal, partDone, slideOfJob, tookMs, type Job } from './job'
import { JobDetails } from './JobDetails'
import { SlideLink } from './SlideLink'
import { cancelJob, resultAddress, retryJob } from './server'
import { hasMore, list, now, opened, take } from './store'
import {
  durationText,
  kindText,
  momentText,
  progressText,
  reasonOf,
  stateText,
  subjectOf,
} from './telling'

/** Why a job could not be cancelled or tried again, by its number. */
const refusals = signal<ReadonlyMap<number, string>>(new Map())

export function JobTable({ jobs }: { readonly jobs: readonly Job[] }): JSX.Element {
  return (
    <div class="jobs-scroller">
      <table class="jobs-table">
        <caption class="hidden-words">{t('jobs, the newest first')}</caption>
        <thead>
          <tr>
            <th scope="col" class="number">
              {t('no.')}
            </th>
            <th scope="col">{t('kind')}</th>
            <th scope="col">{t('what')}</th>
            <th scope="col">{t('state')}</th>
            <th scope="col">{t('progress or reason')}</th>
            <th scope="col" class="number">
              {t('attempts')}
            </th>
            <th scope="col" class="number">
              {t('asked for')}
            </th>
            <th scope="col" class="number">
              {t('took')}
            </th>
            <th scope="col">
              <span class="hidden-words">{t('what can be done')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <Row key={job.id} job={job} />
          ))}
        </tbody>
      </table>
      {hasMore.value && (
        <button type="button" class="button jobs-more" onClick={() => void list(true)}>
          {t('older jobs')}
        </button>
      )}
    </div>
  )
}

function Row({ job }: { readonly job: Job }): JSX.Element {
  const isOpen = opened.value === job.id
  const took = tookMs(job, now.value)
  return (
    <>
      <tr data-state={job.state} data-job={job.id}>
        <td class="number">
          <button
            type="button"
            class="job-number"
            aria-expanded={isOpen}
            aria-label={t('details of job {id}', { id: job.id })}
            onClick={() => {
              opened.value = isOpen ? null : job.id
            }}
          >
            {job.id}
          </button>
        </td>
        <td>{kindText(job.kind)}</td>
        <td class="job-subject" title={subjectOf(job)}>
          {subjectOf(job)}
        </td>
        <td>
          <span class="job-state">{stateText(job)}</span>
        </td>
        <td class="job-progress">
          <Progress job={job} />
        </td>
        <td class="number">{job.attempts}</td>
        <td class="number">{momentText(job.created, new Date(now.value))}</td>
        <td class="number">{took === null ? '' : durationText(took)}</td>
        <td class="job-ways">
          <Ways job={job} />
        </td>
      </tr>
      {isOpen && (
        <tr class="job-details-row">
          <td colSpan={9}>
            <JobDetails job={job} />
          </td>
        </tr>
      )}
    </>
  )
}

function Progress({ job }: { readonly job: Job }): JSX.Element {
  const refusal = refusals.value.get(job.id)
  if (refusal) return <span class="remark">{refusal}</span>
  if (job.state === 'running')
    return (
      <>
        <progress
          aria-label={t('progress of job {id}', { id: job.id })}
          max={1}
          value={partDone(job) ?? undefined}
        />
        <span class="quiet">{progressText(job)}</span>
      </>
    )
  const text = job.problem ?? ''
  return (
    <span class={job.state === 'failed' ? 'remark job-reason' : 'quiet job-reason'} title={text}>
      {[reasonOf(job) ?? text, againText(job)].filter(Boolean).join(' · ')}
    </span>
  )
}

function againText({ state, due, attempts }: Job): string {
  if (state !== 'waiting' || !due || attempts === 0) return ''
  return t('again at {time}', { time: momentText(due, new Date(now.value), true) })
}

function Ways({ job }: { readonly job: Job }): JSX.Element {
  const key = slideOfJob(job)
  const hasFile = job.kind === 'export' && job.state === 'done'
  return (
    <>
      {key && job.state !== 'failed' && <SlideLink of={key} />}
      {hasFile && (
        <a class="button" href={resultAddress(job)} download>
          {t('download')}
        </a>
      )}
      {job.state !== 'done' && <Way job={job} />}
    </>
  )
}

/** One button, so that it keeps the focus when the job has changed. */
function Way({ job }: { readonly job: Job }): JSX.Element {
  const isOver = isFinal(job)
  const label = isOver
    ? t('try again: job {id}', { id: job.id })
    : t('cancel job {id}', { id: job.id })
  return (
    <button
      type="button"
      class="button"
      aria-label={label}
      disabled={job.cancelling}
      onClick={() => void act(job, isOver ? retryJob : cancelJob)}
    >
      {isOver ? t('try again') : t('cancel')}
    </button>
  )
}

async function act({ id }: Job, ask: typeof cancelJob): Promise<void> {
  const told = new Map(refusals.value)
  told.delete(id)
  try {
    take(await ask(id))
  } catch (error) {
    told.set(id, error instanceof Error ? error.message : String(error))
  }
  refusals.value = told
}
