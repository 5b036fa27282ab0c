// SPDX-License-Identifier: Apache-2.0
/** The one queue of slides of the page, in step with the jobs that convert them. */

import { effect } from '@preact/signals'

import { ServerError } from '../../api'
import { reloadCase } from '../../case/contents'
import { isFinal, type Job } from '../../jobs/job'
import { listen } from '../../jobs/live'
import { getJob } from '../../jobs/server'
import { findAgain } from '../../worklist/store'
import { keepConverting, recallConverting } from '../converting'
import type { NamedFile } from '../dropped'
import { server } from '../transport'
import { isLeaving, SlideQueue, type SlideUpload } from './queue'
import { sortSlides } from './sort'
import { sendFile } from './tus'

const NOT_FOUND = 404

export const slideQueue = new SlideQueue({ send: sendFile, pause: server.pause }, follow)

/** Send what is no DICOM; returns the files that are part of no slide, and are not sent. */
export async function sendSlides(files: readonly NamedFile[]): Promise<readonly NamedFile[]> {
  const { slides, others } = await sortSlides(files)
  slideQueue.add(slides)
  return others
}

/** Take how a job is, which somebody has changed from here. */
export function takeJob(job: Job): void {
  const upload = slideQueue.slides.value.find(({ jobId }) => jobId.value === job.id)
  if (!upload) return
  const before = upload.job.value
  upload.take(job)
  const hasBegun = before?.stored?.series !== job.stored?.series
  const hasEnded = isFinal(job) && before?.state !== job.state
  if (hasBegun || hasEnded) lookAgain()
  if (hasEnded) follow()
}

function lookAgain(): void {
  findAgain()
  void reloadCase()
}

let stopListening: (() => void) | null = null

/** Hear of conversions as long as there are any. */
function follow(): void {
  const isWanted = converting().length > 0
  if (isWanted && stopListening) askForAll()
  else if (isWanted) stopListening = listen({ onJob: takeJob, onOpen: askForAll })
  else {
    stopListening?.()
    stopListening = null
  }
}

function converting(): SlideUpload[] {
  return slideQueue.slides.value.filter(({ state }) => state.value === 'converting')
}

function askForAll(): void {
  for (const upload of converting())
    if (upload.jobId.value !== null)
      void getJob(upload.jobId.value).then(takeJob, (error: unknown) => {
        // Ended long ago: the server has forgotten it.
        if (error instanceof ServerError && error.status === NOT_FOUND) slideQueue.drop(upload)
      })
}

slideQueue.takeUp(recallConverting())
effect(() => {
  keepConverting(
    converting().flatMap(({ slide, mark, bytes, jobId }) =>
      jobId.value === null ? [] : [{ mark, name: slide.name, bytes, job: jobId.value }],
    ),
  )
})

effect(() => {
  // The browser asks before it leaves the page.
  const isSending = slideQueue.slides.value.some(isLeaving)
  if (!isSending) return undefined
  addEventListener('beforeunload', stay)
  return () => {
    removeEventListener('beforeunload', stay)
  }
})

function stay(event: BeforeUnloadEvent): void {
  event.preventDefault()
}
