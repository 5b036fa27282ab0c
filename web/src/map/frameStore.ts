// SPDX-License-Identifier: Apache-2.0
/**
 * Frames as they came, kept up to a number of bytes, the longest unused leave first. Who asks for
 * a frame that is under way shares it; it is cancelled when the last of them no longer wants it.
 */

import type { FrameBytes } from '../api'

/** Asks the server, until the signal says that nobody waits any longer. */
export type Ask = (signal: AbortSignal) => Promise<FrameBytes>

interface UnderWay {
  readonly controller: AbortController
  readonly answer: Promise<FrameBytes>
  waiting: number
}

export class FrameStore {
  private readonly kept = new Map<string, FrameBytes>()
  private readonly underWay = new Map<string, UnderWay>()
  private bytes = 0

  constructor(private readonly mostBytes: number) {}

  /** Whether a frame is kept or on its way. */
  has(name: string): boolean {
    return this.kept.has(name) || this.underWay.has(name)
  }

  /** A frame by its name: kept, shared or asked for. */
  async get(name: string, ask: Ask, signal?: AbortSignal): Promise<FrameBytes> {
    signal?.throwIfAborted()
    const kept = this.kept.get(name)
    if (kept) {
      this.kept.delete(name)
      this.kept.set(name, kept) // now the last to leave
      return kept
    }
    return this.wait(name, this.underWay.get(name) ?? this.begin(name, ask), signal)
  }

  private begin(name: string, ask: Ask): UnderWay {
    const controller = new AbortController()
    const answer = ask(controller.signal)
    const begun: UnderWay = { controller, answer, waiting: 0 }
    this.underWay.set(name, begun)
    answer
      .then((frame) => {
        this.keep(name, frame)
      })
      .catch(() => undefined) // whoever waits is told
      .finally(() => {
        if (this.underWay.get(name) === begun) this.underWay.delete(name)
      })
    return begun
  }

  private async wait(name: string, shared: UnderWay, signal?: AbortSignal): Promise<FrameBytes> {
    shared.waiting++
    if (!signal) return shared.answer
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        if (--shared.waiting === 0) {
          if (this.underWay.get(name) === shared) this.underWay.delete(name)
          shared.controller.abort(signal.reason)
        }
        reject(signal.reason as Error)
      }
      signal.addEventListener('abort', leave, { once: true })
      void shared.answer.then(resolve, reject).finally(() => {
        signal.removeEventListener('abort', leave)
      })
    })
  }

  private keep(name: string, frame: FrameBytes): void {
    if (frame.bytes.length > this.mostBytes || this.kept.has(name)) return
    this.kept.set(name, frame)
    this.bytes += frame.bytes.length
    for (const [oldest, { bytes }] of this.kept) {
      if (this.bytes <= this.mostBytes) return
      this.kept.delete(oldest)
      this.bytes -= bytes.length
    }
  }
}
