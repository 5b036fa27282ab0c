// SPDX-License-Identifier: Apache-2.0
/**
 * Waiting for a server that does not answer: one request now and then, longer apart each time, and
 * at once when the network or the reader is back; everything is asked for only after an answer.
 */

import { ServerError } from '../api'

const FIRST_MS = 5000
const LONGEST_MS = 60_000
/** No answer at all, or that of a proxy before a server that is away. */
const UNANSWERED: readonly number[] = [0, 502, 503, 504]

/** Whether nobody answered who could say whether there is such a frame. */
export function isUnanswered(error: unknown): boolean {
  return error instanceof ServerError && UNANSWERED.includes(error.status)
}

export class Recovery {
  private pause = FIRST_MS
  private timer: ReturnType<typeof setTimeout> | undefined
  /** While something failed for want of an answer. */
  private waiting: AbortController | null = null
  private isAsking = false

  constructor(
    /** Asks for one of what failed; tells whether there was an answer. */
    private readonly isBack: (signal: AbortSignal) => Promise<boolean>,
    /** Asks for all of it. */
    private readonly again: () => void,
  ) {}

  /** Something failed for want of an answer. */
  begin(): void {
    if (this.waiting) return
    this.waiting = new AbortController()
    const { signal } = this.waiting
    const now = (): void => void this.ask()
    addEventListener('online', now, { signal })
    document.addEventListener('visibilitychange', now, { signal })
    this.plan()
  }

  /** Nothing is waited for any longer. */
  end(): void {
    clearTimeout(this.timer)
    this.waiting?.abort()
    this.waiting = null
  }

  /** All is drawn that can be: where nothing failed, the next failure is the first one again. */
  rest(): void {
    if (!this.waiting) this.pause = FIRST_MS
  }

  private plan(): void {
    clearTimeout(this.timer)
    // Not all pages at once, which lost the same server at the same time.
    const wait = this.pause * (0.75 + Math.random() / 2)
    this.timer = setTimeout(() => void this.ask(), wait)
    this.pause = Math.min(2 * this.pause, LONGEST_MS)
  }

  private async ask(): Promise<void> {
    const { waiting } = this
    // A page that nobody sees asks when it is looked at.
    if (!waiting || this.isAsking || document.hidden) return
    this.isAsking = true
    const isBack = await this.isBack(waiting.signal).catch(() => false)
    this.isAsking = false
    if (waiting !== this.waiting) return
    if (!isBack) {
      this.plan()
      return
    }
    this.end()
    this.again()
  }
}
