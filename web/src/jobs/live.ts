// SPDX-License-Identifier: Apache-2.0
/**
 * Jobs as they change, by server-sent events: one connection for all who listen on this page, as a
 * browser has few of them for a server.
 */

import { signal } from '@preact/signals'

import type { Job } from './job'
import { API } from './server'

export interface JobListener {
  readonly onJob: (job: Job) => void
  /** From now on no change is missed: time to ask how things are. */
  readonly onOpen: () => void
}

/** Whether changes come as they happen. */
export const isLive = signal(false)

/** Wait before asking again a server that refused; the browser itself comes again after a break. */
const AGAIN_MS = 3000

const listeners = new Set<JobListener>()
let source: EventSource | null = null
let timer: ReturnType<typeof setTimeout> | undefined

/** Hear of jobs until the returned function is called. */
export function listen(listener: JobListener): () => void {
  listeners.add(listener)
  if (!source) open()
  else if (isLive.value) queueMicrotask(listener.onOpen)
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) close()
  }
}

function open(): void {
  clearTimeout(timer)
  const made = new EventSource(`${API}/jobs/events`)
  source = made
  made.onopen = () => {
    isLive.value = true
    for (const { onOpen } of listeners) onOpen()
  }
  made.addEventListener('job', ({ data }: MessageEvent<string>) => {
    const job = JSON.parse(data) as Job
    for (const { onJob } of listeners) onJob(job)
  })
  made.onerror = () => {
    isLive.value = false
    if (made.readyState === EventSource.CLOSED) timer = setTimeout(open, AGAIN_MS)
  }
}

function close(): void {
  clearTimeout(timer)
  source?.close()
  source = null
  isLive.value = false
}
