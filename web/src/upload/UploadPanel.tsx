// SPDX-License-Identifier: Apache-2.0
/** What is being sent: all together, and file by file; what was refused says why. */

import type { JSX } from 'preact'

import { grouped, sizeText } from '../ui/format'
import { Icon } from '../ui/Icon'
import { msg, t } from '../words'
import { progressOf, type FileState, type Progress, type QueuedFile } from './queue'
import { isUnfolded, queue } from './store'

/** Rows in the list: what needs attention first, then what is under way. */
const MOST_LISTED = 200

const STATES: Readonly<Record<FileState, string>> = {
  waiting: msg('waiting'),
  sending: msg('sending'),
  stored: msg('stored'),
  present: msg('the server has it'),
  refused: msg('refused'),
  foreign: msg('not sent'),
  failed: msg('not stored'),
}
const ORDER: readonly FileState[] = [
  'refused',
  'failed',
  'foreign',
  'sending',
  'waiting',
  'stored',
  'present',
]

export function UploadPanel(): JSX.Element | null {
  const files = queue.files.value
  if (files.length === 0) return null
  const progress = progressOf(files)
  const isUnderWay = progress.done < files.length
  return (
    <aside
      class="upload-panel"
      aria-label={t('files')}
      data-state={isUnderWay ? 'sending' : 'done'}
    >
      <header>
        <p role="status">{summary(files, progress)}</p>
        <button
          type="button"
          class="button"
          aria-expanded={isUnfolded.value}
          onClick={() => {
            isUnfolded.value = !isUnfolded.value
          }}
        >
          {isUnfolded.value ? t('less') : t('list')}
        </button>
        <Ways isUnderWay={isUnderWay} hasFailed={progress.counts.failed > 0} />
      </header>
      <progress
        aria-label={t('all files')}
        max={Math.max(1, progress.bytes)}
        value={progress.bytes ? progress.sent : 1}
      />
      {queue.waiting.value && <p class="remark">{queue.waiting.value}</p>}
      {isUnfolded.value && <FileList files={files} />}
      <Foreign files={files} />
    </aside>
  )
}

function Ways({
  isUnderWay,
  hasFailed,
}: {
  readonly isUnderWay: boolean
  readonly hasFailed: boolean
}): JSX.Element {
  return (
    <>
      {!isUnderWay && hasFailed && (
        <button
          type="button"
          class="button"
          onClick={() => {
            queue.retry()
          }}
        >
          {t('try again')}
        </button>
      )}
      {isUnderWay ? (
        <button
          type="button"
          class="button"
          onClick={() => {
            queue.stop()
          }}
        >
          {t('stop')}
        </button>
      ) : (
        <button
          type="button"
          class="tool"
          aria-label={t('close {panel}', { panel: t('files') })}
          onClick={() => {
            queue.clear()
          }}
        >
          <Icon name="close" />
        </button>
      )}
    </>
  )
}

function summary(files: readonly QueuedFile[], { counts, bytes, sent }: Progress): string {
  const kept = counts.stored + counts.present
  const told = [
    t('{done} of {count} stored', { done: grouped(kept), count: grouped(files.length) }),
    sent < bytes && t('{sent} of {size}', { sent: sizeText(sent), size: sizeText(bytes) }),
    counts.refused > 0 && t('{count} refused', { count: counts.refused }),
    counts.failed > 0 && t('{count} not stored', { count: counts.failed }),
  ]
  return told.filter(Boolean).join(' · ')
}

function FileList({ files }: { readonly files: readonly QueuedFile[] }): JSX.Element {
  const listed = files.toSorted(
    (a, b) => ORDER.indexOf(a.state.value) - ORDER.indexOf(b.state.value),
  )
  return (
    <ul class="upload-files">
      {listed.slice(0, MOST_LISTED).map((each, index) => (
        <FileItem key={index} of={each} />
      ))}
    </ul>
  )
}

function FileItem({ of }: { readonly of: QueuedFile }): JSX.Element {
  const state = of.state.value
  const isBad = state === 'refused' || state === 'failed'
  return (
    <li data-state={state}>
      <span class="upload-name" title={of.path}>
        {of.path}
      </span>
      {state === 'sending' && (
        <progress aria-label={of.path} max={Math.max(1, of.file.size)} value={of.sent.value} />
      )}
      <span class={isBad ? 'remark' : 'quiet'}>
        {t(STATES[state])}
        {isBad && of.reason.value && `: ${of.reason.value}`}
      </span>
    </li>
  )
}

/** What lies beside slides in a folder and is none. */
function Foreign({ files }: { readonly files: readonly QueuedFile[] }): JSX.Element | null {
  if (files.every(({ state }) => state.value !== 'foreign')) return null
  return <p class="foreign">{t('Files that are neither DICOM nor a slide were not sent.')}</p>
}
