// SPDX-License-Identifier: Apache-2.0
/** All that is known of a job: why it failed and what to do, its times, its parameters, its log. */

import { signal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

import { t } from '../words'
import type { Job } from './job'
import { JobReason } from './JobReason'
import { logOf, type LogLine } from './server'
import { momentText } from './telling'

interface Log {
  readonly job: number
  readonly lines: readonly LogLine[]
  readonly problem: string
}

/** The log of the job whose details are shown. */
const log = signal<Log | null>(null)

export function JobDetails({ job }: { readonly job: Job }): JSX.Element {
  useEffect(() => void load(job.id), [job.id, job.state, job.attempts, job.cancelling])
  const element = useRef<HTMLDivElement>(null)
  const isRead = log.value?.job === job.id
  // Below the last row it would lie out of sight; with its log it is longer.
  useEffect(() => {
    element.current?.scrollIntoView({ block: 'nearest' })
  }, [job.id, isRead])
  return (
    <div class="job-details" ref={element}>
      <JobReason job={job} />
      <dl>
        <Entry name={t('asked for')} value={whole(job.created)} />
        <Entry name={t('begun')} value={whole(job.started)} />
        <Entry name={t('ended')} value={whole(job.ended)} />
        <Entry name={t('because of')} value={job.cause} isCode />
        <Entry name={t('after jobs')} value={job.needs.join(', ')} />
        <Entry name={t('parameters')} value={jsonText(job.parameters)} isCode />
        <Entry name={t('result')} value={job.result && jsonText(job.result)} isCode />
      </dl>
      <h2>{t('log')}</h2>
      <LogLines job={job.id} />
    </div>
  )
}

function Entry({
  name,
  value,
  isCode = false,
}: {
  readonly name: string
  readonly value: string | null
  readonly isCode?: boolean
}): JSX.Element | null {
  if (!value) return null
  return (
    <div>
      <dt class="quiet">{name}</dt>
      <dd>{isCode ? <code>{value}</code> : value}</dd>
    </div>
  )
}

function LogLines({ job }: { readonly job: number }): JSX.Element {
  const shown = log.value?.job === job ? log.value : null
  if (!shown) return <p class="quiet">…</p>
  if (shown.problem) return <p class="remark">{shown.problem}</p>
  return (
    <ol class="job-log">
      {shown.lines.map(({ time, text }, index) => (
        <li key={index}>
          <time dateTime={time} class="quiet">
            {momentText(time, new Date(), true)}
          </time>{' '}
          {text}
        </li>
      ))}
    </ol>
  )
}

async function load(job: number): Promise<void> {
  try {
    log.value = { job, lines: await logOf(job), problem: '' }
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    log.value = { job, lines: [], problem }
  }
}

function whole(moment: string | null): string | null {
  return moment && momentText(moment, new Date(), true)
}

function jsonText(value: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(value, null, 1)
    .replace(/^[{}]\n?|\n?[{}]$/g, '')
    .replace(/^ /gm, '')
}
