// SPDX-License-Identifier: Apache-2.0
/** Which rows of a long table are on the page, by where it is scrolled to. */

export const ROW_PX = 48
/** Rows above and below those in sight, so that a scroll does not show a gap. */
const BEYOND = 8
/** Browsers draw no element that is taller; what lies beyond is found by a narrower search. */
const TALLEST_PX = 12_000_000
export const MOST_ROWS = TALLEST_PX / ROW_PX

/** Rows from the first up to the last, both drawn. */
export interface Rows {
  readonly first: number
  readonly last: number
}

/** The rows to draw. */
export function rowsDrawn(top: number, height: number, count: number): Rows {
  const first = Math.floor(top / ROW_PX) - BEYOND
  const last = Math.ceil((top + height) / ROW_PX) + BEYOND
  return { first: Math.max(0, first), last: Math.min(count, MOST_ROWS, last) - 1 }
}

/** Where to scroll to, so that a row is in sight; where it is, nowhere. */
export function scrollFor(row: number, top: number, height: number): number {
  const begin = row * ROW_PX
  if (begin < top) return begin
  return begin + ROW_PX > top + height ? begin + ROW_PX - height : top
}

/** The row that a key leads to; `null` where the key is none of these. */
export function rowFor(key: string, row: number, count: number, height: number): number | null {
  const page = Math.max(1, Math.floor(height / ROW_PX) - 1)
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: row + 1,
    ArrowUp: row - 1,
    PageDown: row + page,
    PageUp: row - page,
    Home: 0,
    End: count - 1,
  }
  const to = steps[key]
  return to === undefined ? null : Math.max(0, Math.min(to, count - 1))
}
