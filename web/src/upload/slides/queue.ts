// SPDX-License-Identifier: Apache-2.0
/** Slides on their way: sent, some at a time, gone on with after a failure, then converted. */

import { batch, signal } from '@preact/signals'

import { isFinal, type Job } from '../../jobs/job'
import type { Converting } from '../converting'
import { MomentaryError } from '../queue'
import { folderOf, type SlideFiles } from './sort'
import { forget, recallOf, remember, type Remembered } from './remembered'
import { RefusedError, type sendFile } from './tus'

export type SlideState =
  'waiting' | 'sending' | 'converting' | 'done' | 'failed' | 'refused' | 'stopped'

/** What sends: the server, or a test. */
export interface SlideTransport {
  readonly send: typeof sendFile
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>
}

/** A slide on its way. */
export class SlideUpload {
  readonly state = signal<SlideState>('waiting')
  readonly sent = signal(0)
  readonly bytes: number
  /** Why it was refused, or why sending waits. */
  readonly reason = signal('')
  /** The number of its conversion, and how that is. */
  readonly jobId = signal<number | null>(null)
  readonly job = signal<Job | null>(null)
  readonly mark: string
  controller = new AbortController()

  constructor(
    readonly slide: SlideFiles,
    { mark, bytes }: Pick<Remembered, 'mark' | 'bytes'> = recallOf(slide),
  ) {
    this.mark = mark
    this.bytes = bytes
  }

  /** One whose files are on the server, and not at hand any more. */
  static sentBefore({ name, job, ...known }: Converting): SlideUpload {
    const made = new SlideUpload({ name, files: [] }, known)
    made.jobId.value = job
    made.state.value = 'converting'
    return made
  }

  /** Take how its conversion is. */
  take(job: Job): void {
    batch(() => {
      this.job.value = job
      if (!isFinal(job)) this.state.value = 'converting'
      else this.state.value = job.state === 'done' ? 'done' : 'failed'
    })
  }
}

const AT_ONCE = 2
/** Waits between attempts; the last is repeated, until somebody stops. */
const PAUSES_MS = [500, 2000, 5000, 10_000]

export class SlideQueue {
  readonly slides = signal<readonly SlideUpload[]>([])
  private running = 0

  constructor(
    private readonly transport: SlideTransport,
    /** Called when a slide is on the server: its conversion is to be followed. */
    readonly onSent: () => void,
  ) {}

  /** Send slides; one that is on its way already is not sent twice. */
  add(slides: readonly SlideFiles[]): void {
    const made = slides.map((each) => new SlideUpload(each))
    const known = this.slides.value.filter(isOnItsWay).map(({ mark }) => mark)
    const fresh = made.filter(({ mark }) => !known.includes(mark))
    const marks = fresh.map(({ mark }) => mark)
    const kept = this.slides.value.filter((each) => !marks.includes(each.mark))
    this.slides.value = [...kept, ...fresh]
    this.work()
  }

  /** List slides that were sent before the page was loaded. */
  takeUp(before: readonly Converting[]): void {
    this.slides.value = [
      ...before.map((each) => SlideUpload.sentBefore(each)),
      ...this.slides.value,
    ]
    if (before.length > 0) this.onSent()
  }

  /** Forget a slide, whatever it is at. */
  drop(upload: SlideUpload): void {
    this.slides.value = this.slides.value.filter((each) => each !== upload)
  }

  /** Send a slide once more. */
  again(upload: SlideUpload): void {
    batch(() => {
      upload.controller = new AbortController()
      upload.job.value = upload.jobId.value = null
      upload.reason.value = ''
      upload.state.value = 'waiting'
    })
    this.work()
  }

  /** Stop sending a slide; it can be gone on with. */
  stop(upload: SlideUpload): void {
    upload.controller.abort()
    upload.state.value = 'stopped'
  }

  /** Forget slides that are not on their way any more. */
  clear(): void {
    this.slides.value = this.slides.value.filter(isOnItsWay)
  }

  private work(): void {
    while (this.running < AT_ONCE && this.next()) void this.workOff()
  }

  private next(): SlideUpload | undefined {
    return this.slides.value.find(({ state }) => state.value === 'waiting')
  }

  private async workOff(): Promise<void> {
    this.running++
    for (let each = this.next(); each; each = this.next()) await this.sendAtLast(each)
    this.running--
  }

  private async sendAtLast(upload: SlideUpload): Promise<void> {
    const { signal: stopped } = upload.controller
    const isStopped = (): boolean => stopped.aborted
    upload.state.value = 'sending'
    for (let attempt = 0; !isStopped(); attempt++) {
      try {
        await this.send(upload, stopped)
        return
      } catch (error) {
        if (isStopped()) return
        upload.reason.value = error instanceof Error ? error.message : String(error)
        if (!(error instanceof MomentaryError)) {
          upload.state.value = 'refused'
          if (error instanceof RefusedError) forget(upload.mark)
          return
        }
        const pause = PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)] ?? 0
        await this.transport.pause(pause, stopped)
      }
    }
  }

  private async send(upload: SlideUpload, stopped: AbortSignal): Promise<void> {
    const { files } = upload.slide
    let known: Remembered = recallOf(upload.slide)
    let [before, job]: [number, number | null] = [0, null]
    for (const { file, path } of files) {
      const sentBefore = before
      const metadata = metadataOf(upload.slide, path, known.group)
      const found = await this.transport.send(
        { file, metadata, address: known.addresses[path] ?? null },
        {
          signal: stopped,
          onBegun: (address) => {
            known = { ...known, addresses: { ...known.addresses, [path]: address } }
            remember(known)
          },
          onProgress: (bytes) => {
            upload.sent.value = sentBefore + bytes
            upload.reason.value = ''
          },
        },
      )
      before += file.size
      job = found ?? job
    }
    forget(upload.mark)
    batch(() => {
      upload.jobId.value = job
      upload.state.value = job === null ? 'refused' : 'converting'
    })
    this.onSent()
  }
}

/** What the server is told of a file of a slide. */
function metadataOf(slide: SlideFiles, path: string, group: string): Record<string, string> {
  const [head] = slide.files
  const options = JSON.stringify({ name: slide.name })
  if (slide.files.length === 1) return { filename: slide.name, options }
  const filename = path.slice(folderOf(head?.path ?? '').length)
  return { filename, options, group, files: String(slide.files.length) }
}

/** Whether a slide is neither stored nor given up. */
export function isOnItsWay({ state }: SlideUpload): boolean {
  return ['waiting', 'sending', 'converting'].includes(state.value)
}

/** Whether leaving the page would break off the sending of a slide. */
export function isLeaving({ state }: SlideUpload): boolean {
  return state.value === 'waiting' || state.value === 'sending'
}
