// SPDX-License-Identifier: Apache-2.0
/** A job as the server tells it (`/api/jobs`), and what can be read off it. */

import type { SlideKey } from '../api'

export const STATES = ['waiting', 'running', 'done', 'failed', 'cancelled'] as const
export type JobState = (typeof STATES)[number]

/** How far a job is, of how much; 0 where that is not known yet. */
export interface JobProgress {
  readonly text: string
  readonly done: number
  readonly total: number
}

export interface Job {
  readonly id: number
  readonly kind: string
  readonly state: JobState
  readonly parameters: Readonly<Record<string, unknown>>
  readonly needs: readonly number[]
  /** Who asked for it. */
  readonly cause: string
  readonly progress: JobProgress
  readonly attempts: number
  readonly created: string
  /** Not to be begun before. */
  readonly due: string | null
  readonly started: string | null
  readonly ended: string | null
  /** The series that it stores into, of which so many instances are there or just coming. */
  readonly stored: (SlideKey & { readonly instances: number }) | null
  readonly result: Readonly<Record<string, unknown>> | null
  readonly problem: string | null
  readonly cancelling: boolean
}

/** Whether a job has ended. */
export function isFinal({ state }: Job): boolean {
  return state !== 'waiting' && state !== 'running'
}

/** The slide that a job has made or is making; `null` while there is nothing to open. */
export function slideOfJob({ kind, stored, result }: Job): SlideKey | null {
  const { study, series } = result ?? stored ?? {}
  if (kind !== 'convert' || typeof study !== 'string' || typeof series !== 'string') return null
  return { study, series }
}

/** Milliseconds that the last attempt took, or takes until now; `null` where there was none. */
export function tookMs({ started, ended }: Job, now: number): number | null {
  if (started === null) return null
  return Math.max(0, (ended === null ? now : Date.parse(ended)) - Date.parse(started))
}

/** The part that is done, from 0 to 1; `null` where that is not known. */
export function partDone({ progress: { done, total } }: Job): number | null {
  return total > 0 ? Math.min(1, done / total) : null
}
