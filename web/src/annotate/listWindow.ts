// SPDX-License-Identifier: Apache-2.0
/** Which lines of a long list are on the page, and where a key leads. */

/** Height of a line, as the style sheet has it. */
export const ROW_PX = 34
const BEYOND = 6
const PAGE = 10

/** The lines in view and some beyond. */
export function windowOf(top: number, height: number): { from: number; count: number } {
  const from = Math.max(0, Math.floor(top / ROW_PX) - BEYOND)
  return { from, count: Math.ceil(height / ROW_PX) + 2 * BEYOND }
}

/** The line that a key leads to; `null` where it leads nowhere. */
export function stepOf(key: string, at: number, total: number): number | null {
  if (total === 0) return null
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    PageDown: at + PAGE,
    PageUp: at - PAGE,
    Home: 0,
    End: total - 1,
  }
  const wanted = steps[key]
  return wanted === undefined ? null : Math.min(total - 1, Math.max(0, wanted))
}
