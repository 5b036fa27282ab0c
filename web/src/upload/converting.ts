// SPDX-License-Identifier: Apache-2.0
/**
 * Slides that this tab has sent and the server converts: a reload of the page finds their jobs
 * again. Another tab has its own; all jobs are on the page of jobs.
 */

export interface Converting {
  /** By which the same files are known again (`slides/remembered`). */
  readonly mark: string
  readonly name: string
  readonly bytes: number
  readonly job: number
}

const NAME = 'coverslip.converting'

/** What was being converted when the page was left. */
export function recallConverting(): readonly Converting[] {
  try {
    const found: unknown = JSON.parse(sessionStorage.getItem(NAME) ?? '[]')
    return Array.isArray(found) ? (found as Converting[]) : []
  } catch {
    return [] // storage is forbidden, or something else has written there
  }
}

/** Keep what is being converted now. */
export function keepConverting(all: readonly Converting[]): void {
  try {
    sessionStorage.setItem(NAME, JSON.stringify(all))
  } catch {
    // a browser may forbid storage; then a reload forgets them
  }
}
