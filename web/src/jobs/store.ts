// SPDX-License-Identifier: Apache-2.0
/** The jobs on the page: those of a filter, the newest first, in step with the server. */

import { batch, computed, effect, signal } from '@preact/signals'

import { ServerError } from '../api'
import { jobsPath } from './place'
import { STATES, type Job, type JobState } from './job'
import { listen } from './live'
import { getJob, pageOfJobs, type Filter } from './server'

export const filter = signal<Filter>(filterOf(location.search))
/** Jobs that are known, of the filter and beside it. */
const known = signal<ReadonlyMap<number, Job>>(new Map())
/** Why the list could not be had; empty where it could. */
export const problem = signal('')
export const isListed = signal(false)
/** Whether older jobs can be asked for. */
export const hasMore = signal(false)
/** The job whose details are shown. */
export const opened = signal<number | null>(openedOf(location.search))
/** The job that the address leads to, where there is none of that number. */
export const absent = signal<number | null>(null)
/** The present moment, for what takes time; it moves while something runs. */
export const now = signal(Date.now())

const SECOND_MS = 1000
/** The oldest job of the list: one that a link leads to may be older. */
let oldest: number | undefined

/** Jobs to show. */
export const jobs = computed(() =>
  [...known.value.values()].filter(isWanted).sort((a, b) => b.id - a.id),
)

function isWanted({ state, kind }: Job): boolean {
  const wanted = filter.value
  return (wanted.state ?? state) === state && (wanted.kind ?? kind) === kind
}

/** Take how a job is. */
export function take(job: Job): void {
  known.value = new Map(known.value).set(job.id, job)
}

/** Show other jobs. */
export function choose(wanted: Partial<Filter>): void {
  batch(() => {
    filter.value = { ...filter.value, ...wanted }
    known.value = new Map()
    opened.value = null
    isListed.value = false
  })
  void list()
}

/** Ask for the newest jobs, or for those before the oldest that is shown. */
export async function list(isOlder = false): Promise<void> {
  const asked = filter.value
  const before = isOlder ? oldest : undefined
  try {
    const found = await pageOfJobs(asked, before)
    if (filter.value !== asked) return
    batch(() => {
      // What has been heard of meanwhile stays.
      known.value = new Map([...known.value, ...found.jobs.map((job) => [job.id, job] as const)])
      if (isOlder || !isListed.value) {
        hasMore.value = found.next !== null
        oldest = found.jobs.at(-1)?.id ?? oldest
      }
      isListed.value = true
      problem.value = ''
    })
  } catch (error) {
    problem.value = error instanceof Error ? error.message : String(error)
  }
}

/** Ask for the job that the address leads to, which the list may not reach. */
async function findOpened(): Promise<void> {
  const id = opened.value
  if (id === null) return
  try {
    take(await getJob(id))
  } catch (error) {
    if (!(error instanceof ServerError && error.status === 404)) return // the list says why
    batch(() => {
      opened.value = null
      absent.value = id
    })
  }
}

/** Keep the jobs in step with the server and the filter in the address, until called. */
export function followJobs(): () => void {
  filter.value = filterOf(location.search)
  opened.value = openedOf(location.search)
  absent.value = null
  const stopListening = listen({ onJob: take, onOpen: () => void list() })
  void list()
  void findOpened()
  const stopAddress = effect(() => {
    history.replaceState(null, '', addressOf(filter.value, opened.value))
  })
  const stopClock = effect(() => {
    if (!jobs.value.some(({ state }) => state === 'running')) return undefined
    const timer = setInterval(() => {
      now.value = Date.now()
    }, SECOND_MS)
    return () => {
      clearInterval(timer)
    }
  })
  return () => {
    stopListening()
    stopAddress()
    stopClock()
  }
}

function addressOf({ state, kind }: Filter, id: number | null): string {
  const url = new URL(jobsPath(), location.href)
  if (state) url.searchParams.set('state', state)
  if (kind) url.searchParams.set('kind', kind)
  if (id !== null) url.searchParams.set('job', String(id))
  return url.pathname + url.search
}

function filterOf(query: string): Filter {
  const given = new URLSearchParams(query)
  const state = STATES.find((each) => each === given.get('state')) ?? null
  return { state, kind: given.get('kind') }
}

function openedOf(query: string): number | null {
  const given = new URLSearchParams(query).get('job') ?? ''
  return /^\d{1,15}$/.test(given) ? Number(given) : null
}

/** Whether the reader looks at some of the jobs only. */
export function isFiltered({
  state,
  kind,
}: {
  state: JobState | null
  kind: string | null
}): boolean {
  return state !== null || kind !== null
}
