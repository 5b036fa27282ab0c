// SPDX-License-Identifier: Apache-2.0
/** Jobs in words: kinds, states, what they are about, and what to do where they failed. */

import { significant } from '../ui/format'
import { language, msg, t } from '../words'
import { partDone, type Job, type JobState } from './job'

export const STATE_WORDS: Readonly<Record<JobState, string>> = {
  waiting: msg('waiting'),
  running: msg('running'),
  done: msg('done'),
  failed: msg('failed'),
  cancelled: msg('cancelled'),
}

/** Kinds that this viewer knows; others go by the server's name. */
export const KIND_WORDS: Readonly<Record<string, string>> = {
  convert: msg('convert'),
  verify: msg('verify'),
  export: msg('export'),
  send: msg('send'),
  transcode: msg('recompress'),
  delete: msg('delete'),
  recycle: msg('make room'),
  webhook: msg('notify'),
  call: msg('call'),
}

export function kindText(kind: string): string {
  const known = KIND_WORDS[kind]
  return known === undefined ? kind : t(known)
}

/** The state in a word; a job that is to end says so. */
export function stateText({ state, cancelling }: Job): string {
  return cancelling ? t('being cancelled') : t(STATE_WORDS[state])
}

/** What a job is about, in a line. */
export function subjectOf({ parameters, needs }: Job): string {
  const { name, peer, convert } = parameters
  const [finest] = [parameters.instance, parameters.series, parameters.study].filter(isText)
  if (isText(name)) return name
  // Of an address only the host: what follows may be a secret.
  if (isText(parameters.url))
    return [finest, URL.parse(parameters.url)?.host].filter(Boolean).join(' → ')
  if (typeof convert === 'number') return t('what job {id} converted', { id: convert })
  const what = finest ?? (needs[0] === undefined ? '' : t('after job {id}', { id: needs[0] }))
  return isText(peer) ? [what, peer].filter(Boolean).join(' → ') : what
}

/** What a job is at, and how far. */
export function progressText(job: Job): string {
  if (job.state !== 'running') return ''
  const part = partDone(job)
  const percent = part === null ? '' : `${Math.floor(100 * part)}\u2009%`
  return [phaseText(job.progress.text), percent].filter(Boolean).join(' · ')
}

/** Phases of a job; else it is the file that is being written. */
const PHASES: readonly (readonly [RegExp, string])[] = [
  [/^unpacking/, msg('unpacking')],
  [/^opening/, msg('opening')],
  [/^stor/, msg('storing')],
  [/^recompressing/, msg('recompressing')],
  [/^comparing/, msg('comparing')],
  [/^replacing/, msg('replacing')],
  [/^exporting/, msg('exporting')],
]

function phaseText(text: string): string {
  const level = /^level-(\d+)/.exec(text)?.[1]
  if (level !== undefined) return t('level {level}', { level })
  const known = PHASES.find(([pattern]) => pattern.test(text))
  return known ? t(known[1]) : text
}

/** Reasons of the converter that speak of its command line, in the page's own words. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/does not say the size of a pixel/, msg('The file does not say how large a pixel is.')],
  [/its format is none that is known/, msg('The file is no slide of a known format.')],
]

/** Why a job failed, where the reason is a well-known one; else `null`. */
export function reasonOf({ problem }: Job): string | null {
  const known = REASONS.find(([pattern]) => pattern.test(problem ?? ''))
  return known ? t(known[1]) : null
}

/** What to do about a job that failed, as far as its reason tells. */
export function adviceOf(job: Job): string {
  if (job.state !== 'failed') return ''
  const problem = job.problem ?? ''
  const [advice] = [
    /could be the slide|expected one slide/.test(problem) && t('Send the files of one slide.'),
    problem.includes('size of a pixel') && t('Say how large a pixel is.'),
    /no room|disk/i.test(problem) && t('Make room on the server, then try again.'),
    problem.includes('upload is gone') && t('Send the file again.'),
    job.kind === 'convert' &&
      t('Check that it is a whole slide of a known format, with all files that belong to it.'),
  ].filter((text) => text !== false)
  return advice ?? t('The log of the job says more.')
}

/** `0.8 s`, `12 s`, `3 min 20 s`, `2 h 5 min`. */
export function durationText(ms: number): string {
  const seconds = ms / 1000
  if (seconds < 10) return `${significant(Number(seconds.toFixed(1)), 2)}\u2009s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole}\u2009s`
  const [minutes, rest] = [Math.floor(whole / 60), whole % 60]
  if (minutes < 60) return `${minutes}\u2009min ${rest}\u2009s`
  return `${Math.floor(minutes / 60)}\u2009h ${minutes % 60}\u2009min`
}

/** A moment in the reader's own time: the hour today, with the day before that. */
export function momentText(moment: string, now: Date, withSeconds = false): string {
  const then = new Date(moment)
  const isToday = then.toDateString() === now.toDateString()
  return new Intl.DateTimeFormat(language.value === 'de' ? 'de-DE' : 'sv-SE', {
    ...(!isToday && { year: 'numeric', month: '2-digit', day: '2-digit' }),
    hour: '2-digit',
    minute: '2-digit',
    ...(withSeconds && { second: '2-digit' }),
  }).format(then)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
