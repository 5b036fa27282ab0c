// SPDX-License-Identifier: Apache-2.0
/**
 * Sending files, some at a time. What the server has already is not sent again; what a failing
 * network broke off is, once it is back: from the file on that broke off, as a store is whole or not.
 */

import { batch, signal } from '@preact/signals'

export type FileState =
  'waiting' | 'sending' | 'stored' | 'present' | 'refused' | 'foreign' | 'failed'

/** What became of a store. */
export type Outcome =
  { readonly state: 'stored' | 'present' } | { readonly state: 'refused'; readonly reason: string }

/** The server is away or busy: the file is to be sent again. */
export class MomentaryError extends Error {}

/** What sends: the server, or a test. */
export interface Transport {
  /** Whether the server has the file, as far as can be told without sending it. */
  readonly has: (file: File, signal: AbortSignal) => Promise<boolean>
  readonly store: (
    file: File,
    onProgress: (bytes: number) => void,
    signal: AbortSignal,
  ) => Promise<Outcome>
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>
}

/** A file on its way. */
export class QueuedFile {
  readonly state = signal<FileState>('waiting')
  readonly sent = signal(0)
  readonly reason = signal('')

  constructor(
    readonly file: File,
    readonly path: string,
  ) {}
}

const AT_ONCE = 3
/** Waits between attempts; the last is repeated, until somebody stops. */
const PAUSES_MS = [500, 2000, 5000, 10_000]

export class UploadQueue {
  readonly files = signal<readonly QueuedFile[]>([])
  /** Why sending waits: the network or the server is away; empty while it goes on. */
  readonly waiting = signal('')
  private controller = new AbortController()
  private running = 0

  constructor(
    private readonly transport: Transport,
    private readonly onStored: () => void,
  ) {}

  /** Send files. */
  add(files: readonly QueuedFile[]): void {
    this.files.value = [...this.files.value, ...files]
    while (this.running < AT_ONCE && this.next()) void this.work()
  }

  /** Send once more what failed or was stopped. */
  retry(): void {
    if (this.controller.signal.aborted) this.controller = new AbortController()
    for (const each of this.files.value)
      if (each.state.value === 'failed') each.state.value = 'waiting'
    this.add([])
  }

  /** Stop sending; what is not stored can be sent again. */
  stop(): void {
    this.controller.abort()
  }

  /** Forget all files. */
  clear(): void {
    this.stop()
    this.controller = new AbortController()
    batch(() => {
      this.files.value = []
      this.waiting.value = ''
    })
  }

  private next(): QueuedFile | undefined {
    return this.files.value.find((each) => each.state.value === 'waiting')
  }

  private async work(): Promise<void> {
    this.running++
    const { signal } = this.controller
    for (let each = this.next(); each; each = this.next()) await this.sendAtLast(each, signal)
    this.running--
    if (this.running === 0) this.onStored()
  }

  private async sendAtLast(each: QueuedFile, signal: AbortSignal): Promise<void> {
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        await this.send(each, signal)
        this.waiting.value = ''
        return
      } catch (error) {
        if (!(error instanceof MomentaryError)) {
          fail(each, error)
          return
        }
        this.waiting.value = error.message
        const pause = PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)] ?? 0
        await this.transport.pause(pause, signal)
      }
    }
    each.state.value = 'failed'
  }

  private async send(each: QueuedFile, signal: AbortSignal): Promise<void> {
    each.state.value = 'sending'
    each.sent.value = 0
    if (await this.transport.has(each.file, signal)) {
      each.state.value = 'present'
      return
    }
    const outcome = await this.transport.store(
      each.file,
      (bytes) => {
        each.sent.value = Math.min(bytes, each.file.size)
      },
      signal,
    )
    batch(() => {
      each.state.value = outcome.state
      each.reason.value = outcome.state === 'refused' ? outcome.reason : ''
    })
  }
}

function fail(each: QueuedFile, error: unknown): void {
  batch(() => {
    each.state.value = 'failed'
    each.reason.value = error instanceof Error ? error.message : String(error)
  })
}

/** All files together. */
export interface Progress {
  readonly bytes: number
  readonly sent: number
  readonly done: number
  readonly counts: Readonly<Record<FileState, number>>
}

/** How far all files are. */
export function progressOf(files: readonly QueuedFile[]): Progress {
  const counts = {
    waiting: 0,
    sending: 0,
    stored: 0,
    present: 0,
    refused: 0,
    foreign: 0,
    failed: 0,
  }
  let [bytes, sent] = [0, 0]
  for (const { file, state, sent: bytesSent } of files) {
    counts[state.value]++
    if (state.value === 'foreign') continue
    bytes += file.size
    const isOver = state.value !== 'sending' && state.value !== 'waiting'
    sent += isOver ? file.size : bytesSent.value
  }
  return { bytes, sent, done: files.length - counts.waiting - counts.sending, counts }
}
