// SPDX-License-Identifier: Apache-2.0
/** Calls of the server's jobs; a failure is told in words, the server's own where it has some. */

import { ServerError } from '../api'
import { ROOT } from '../root'
import { t } from '../words'
import type { Job, JobState } from './job'

export const API = `${ROOT}/api`
/** Jobs of a page of the list. */
const PAGE = 100
const JSON_TYPE = { 'Content-Type': 'application/json' }

/** Which jobs are wanted; `null` for all of them. */
export interface Filter {
  readonly state: JobState | null
  readonly kind: string | null
}

export interface LogLine {
  readonly time: string
  readonly text: string
}

/** Jobs, the newest first, and before which number there are more. */
export interface JobPage {
  readonly jobs: readonly Job[]
  readonly next: number | null
}

/** Jobs, the newest first. */
export async function listJobs(filter: Filter): Promise<readonly Job[]> {
  return (await pageOfJobs(filter)).jobs
}

/** A page of jobs, the newest first; those before a number. */
export async function pageOfJobs(filter: Filter, before?: number): Promise<JobPage> {
  const query = new URLSearchParams({ limit: String(PAGE) })
  if (filter.state) query.set('state', filter.state)
  if (filter.kind) query.set('kind', filter.kind)
  if (before !== undefined) query.set('before', String(before))
  return (await ask(`/jobs?${query}`)) as JobPage
}

export async function getJob(id: number): Promise<Job> {
  return (await ask(`/jobs/${id}`)) as Job
}

export async function logOf(id: number): Promise<readonly LogLine[]> {
  return ((await ask(`/jobs/${id}/log`)) as { lines: LogLine[] }).lines
}

/** Have something done. */
export async function createJob(kind: string, parameters: Job['parameters']): Promise<Job> {
  return (await ask('/jobs', 'POST', { kind, parameters })) as Job
}

export async function cancelJob(id: number): Promise<Job> {
  return (await ask(`/jobs/${id}/cancel`, 'POST')) as Job
}

export async function retryJob(id: number): Promise<Job> {
  return (await ask(`/jobs/${id}/retry`, 'POST')) as Job
}

/** The address of the file that a job has made. */
export function resultAddress({ id }: Job): string {
  return `${API}/jobs/${id}/result`
}

async function ask(path: string, method = 'GET', body?: unknown): Promise<unknown> {
  const sent = body === undefined ? {} : { headers: JSON_TYPE, body: JSON.stringify(body) }
  const answer = await fetch(API + path, { method, ...sent }).catch(() => null)
  if (!answer)
    throw new ServerError(0, t('the server does not answer; check that tileserver is running'))
  if (answer.ok) return answer.json()
  const told = (await answer.json().catch(() => null)) as { message?: string } | null
  const { status } = answer
  const message = told?.message
  throw new ServerError(
    status,
    message === undefined
      ? t('the server answered {status}; its log says more', { status })
      : t('the server says: {message}', { message }),
  )
}
