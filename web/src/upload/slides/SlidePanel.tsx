// SPDX-License-Identifier: Apache-2.0
/** Slides that are sent and converted: how far each is, the slide at its end, or why not. */

import type { JSX } from 'preact'

import { slidePath } from '../../address'
import { partDone, slideOfJob } from '../../jobs/job'
import { cancelJob, retryJob } from '../../jobs/server'
import { adviceOf, progressText } from '../../jobs/telling'
import { JobReason } from '../../jobs/JobReason'
import { jobsPath, openJobs } from '../../jobs/place'
import { openSlide } from '../../state'
import { sizeText } from '../../ui/format'
import { Icon } from '../../ui/Icon'
import { isPlainClick } from '../../ui/links'
import { msg, t } from '../../words'
import { BrokenOff } from './BrokenOff'
import { isOnItsWay, type SlideState, type SlideUpload } from './queue'
import { NamedButton } from './NamedButton'
import { remembered } from './remembered'
import { PixelSize, wantsPixelSize } from './PixelSize'
import { slideQueue, takeJob } from './store'

import './slides.css'

const STATES: Readonly<Record<SlideState, string>> = {
  waiting: msg('waiting'),
  sending: msg('sending'),
  converting: msg('being converted'),
  done: msg('converted'),
  failed: msg('not converted'),
  refused: msg('refused'),
  stopped: msg('stopped'),
}

export function SlidePanel(): JSX.Element | null {
  const slides = slideQueue.slides.value
  const marks = slides.map(({ mark }) => mark)
  const brokenOff = remembered.value.filter(({ mark }) => !marks.includes(mark))
  if (slides.length + brokenOff.length === 0) return null
  const isUnderWay = slides.some(isOnItsWay)
  return (
    <aside class="upload-panel slide-uploads" aria-label={t('uploaded slides')}>
      <header>
        <p role="status">{summary(slides)}</p>
        <a class="button" href={jobsPath()} onClick={stayingHere(openJobs)}>
          {t('all jobs')}
        </a>
        {!isUnderWay && slides.length > 0 && (
          <button
            type="button"
            class="tool"
            aria-label={t('close {panel}', { panel: t('uploaded slides') })}
            onClick={() => {
              slideQueue.clear()
            }}
          >
            <Icon name="close" />
          </button>
        )}
      </header>
      <ul class="slide-list">
        {slides.map((each) => (
          <Item key={each.mark} of={each} />
        ))}
        {brokenOff.map((each) => (
          <BrokenOff key={each.mark} of={each} />
        ))}
      </ul>
    </aside>
  )
}

function summary(slides: readonly SlideUpload[]): string {
  const count = (...states: SlideState[]): number =>
    slides.filter(({ state }) => states.includes(state.value)).length
  if (slides.length === 0) return t('broken off before')
  const failed = count('failed', 'refused')
  const told = [
    t('{done} of {count} converted', { done: count('done'), count: slides.length }),
    failed > 0 && t('{count} not converted', { count: failed }),
  ]
  return told.filter(Boolean).join(' · ')
}

function Item({ of }: { readonly of: SlideUpload }): JSX.Element {
  const { name } = of.slide
  const state = of.state.value
  return (
    <li data-state={state}>
      <span class="upload-name" title={name}>
        {name}
      </span>
      <Ways of={of} />
      <span class="slide-state quiet">
        {[t(STATES[state]), detail(of)].filter(Boolean).join(' · ')}
      </span>
      <Bar of={of} />
      <Problem of={of} />
    </li>
  )
}

function detail({ state, sent, bytes, job }: SlideUpload): string {
  const size = { sent: sizeText(sent.value), size: sizeText(bytes) }
  if (state.value === 'sending' || state.value === 'stopped') return t('{sent} of {size}', size)
  if (state.value !== 'converting' || !job.value) return ''
  return job.value.state === 'waiting' ? t('waiting for its turn') : progressText(job.value)
}

function Bar({ of }: { readonly of: SlideUpload }): JSX.Element | null {
  const { name } = of.slide
  const state = of.state.value
  if (state === 'sending')
    return (
      <progress
        aria-label={t('sending of {name}', { name })}
        max={Math.max(1, of.bytes)}
        value={of.sent.value}
      />
    )
  if (state !== 'converting') return null
  const part = of.job.value && partDone(of.job.value)
  return (
    <progress aria-label={t('conversion of {name}', { name })} max={1} value={part ?? undefined} />
  )
}

function Problem({ of }: { readonly of: SlideUpload }): JSX.Element | null {
  const job = of.job.value
  const problem = of.reason.value
  const failed = of.state.value === 'failed' && job?.problem ? job : null
  if (!problem && !failed) return null
  return (
    <div class="slide-problem">
      {problem ? (
        <p>
          <span class="remark">{problem}</span> {job && adviceOf(job)}
        </p>
      ) : (
        failed && <JobReason job={failed} />
      )}
      {wantsPixelSize(job) && <PixelSize of={of} onAsked={takeAgain(of)} onFailed={tellOf(of)} />}
    </div>
  )
}

/** What can be done about a slide: open it, stop it, try again. */
function Ways({ of }: { readonly of: SlideUpload }): JSX.Element {
  const job = of.job.value
  const key = job && job.state !== 'failed' ? slideOfJob(job) : null
  return (
    <span class="slide-ways">
      {key && (
        <a
          class="button"
          href={slidePath(key)}
          onClick={stayingHere(() => {
            openSlide(key)
          })}
        >
          {t('open slide')}
        </a>
      )}
      <Way of={of} />
    </span>
  )
}

function Way({ of }: { readonly of: SlideUpload }): JSX.Element | null {
  const [state, job] = [of.state.value, of.job.value]
  const { name } = of.slide
  if (state === 'done') return null
  if (state === 'waiting' || state === 'sending')
    return (
      <NamedButton
        label={t('stop')}
        of={name}
        run={() => {
          slideQueue.stop(of)
        }}
      />
    )
  if (state === 'converting')
    return (
      <NamedButton
        label={t('cancel')}
        of={name}
        run={() => job && void cancelJob(job.id).then(takeJob, tellOf(of))}
      />
    )
  return (
    <NamedButton
      label={state === 'stopped' ? t('go on') : t('try again')}
      of={name}
      run={() => {
        if (job) void retryJob(job.id).then(takeAgain(of), tellOf(of))
        else slideQueue.again(of)
      }}
    />
  )
}

function takeAgain(of: SlideUpload): typeof takeJob {
  return (job) => {
    of.reason.value = ''
    of.jobId.value = job.id
    takeJob(job)
    slideQueue.onSent()
  }
}

function tellOf(of: SlideUpload): (error: unknown) => void {
  return (error) => {
    of.reason.value = error instanceof Error ? error.message : String(error)
  }
}

/** A plain click of a link does something on this page. */
function stayingHere(run: () => void): (event: MouseEvent) => void {
  return (event) => {
    if (!isPlainClick(event)) return
    event.preventDefault()
    run()
  }
}
