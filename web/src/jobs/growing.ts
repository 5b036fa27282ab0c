// SPDX-License-Identifier: Apache-2.0
/** A slide on the page that is still being converted: finer levels are shown as they come. */

import type { SlideKey } from '../api'
import { refresh } from '../load'
import { growth } from '../state'
import { isFinal, partDone, type Job } from './job'
import { listen } from './live'
import { getJob, listJobs } from './server'

/** Show what comes of a slide, where a job is making it, until the returned function is called. */
export function followGrowth(key: SlideKey): () => void {
  const following = new Following(key)
  void following.begin()
  return () => {
    following.stop()
  }
}

class Following {
  private job: number | null = null
  private readonly stopping = new AbortController()
  private isReading = false
  /** Instances of the series that were read. */
  private read = 0
  private stopListening: (() => void) | null = null

  constructor(private readonly key: SlideKey) {}

  async begin(): Promise<void> {
    const found = await this.findJob()
    if (!found || this.isStopped()) return
    this.job = found.id
    await this.take(found)
    if (this.isStopped()) return
    this.stopListening = listen({
      onJob: (job) => void this.take(job),
      onOpen: () =>
        void getJob(found.id).then(
          (job) => this.take(job),
          () => undefined,
        ),
    })
  }

  stop(): void {
    this.stopping.abort()
    growth.value = null
    this.stopListening?.()
  }

  private isStopped(): boolean {
    return this.stopping.signal.aborted
  }

  private async findJob(): Promise<Job | null> {
    // A server that does not tell of jobs converts nothing.
    const found = await Promise.all([
      listJobs({ state: 'running', kind: 'convert' }),
      listJobs({ state: 'waiting', kind: 'convert' }),
    ]).catch(() => [])
    return found.flat().find(({ stored }) => stored?.series === this.key.series) ?? null
  }

  private async take(job: Job): Promise<void> {
    if (job.id !== this.job || this.isStopped()) return
    const isOver = isFinal(job)
    if (!isOver) growth.value = { part: partDone(job) }
    // An instance is told of just before it can be read; then the next event finds it.
    if (isOver || (job.stored?.instances ?? 0) > this.read) await this.look()
    if (isOver) this.stop()
  }

  private async look(): Promise<void> {
    if (this.isReading) return
    this.isReading = true
    this.read = await refresh(this.key).catch(() => this.read)
    this.isReading = false
  }
}
