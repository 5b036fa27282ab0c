// SPDX-License-Identifier: Apache-2.0
/**
 * How many answers a search has, where the server does not say: a row far behind is asked for, then
 * one farther, and then between, until the last one is found. Some twenty short requests for a
 * million answers.
 */

import type { Page } from './answers'

/** What is known so far. */
export interface Count {
  readonly least: number
  readonly isAll: boolean
}

/** More than can be scrolled through is not counted. */
const FARTHEST = 1 << 22

/** Find the number of answers: `ask` for one answer at an offset, of which `known` are there. */
export async function* countOf(
  ask: (offset: number) => Promise<Page>,
  known: number,
): AsyncGenerator<Count> {
  let least = known
  let absent: number | null = null
  for (let offset = 2 * known; least < (absent ?? FARTHEST);) {
    const { rows, left } = await ask(offset)
    if (rows.length === 0) absent = offset
    else least = Math.max(least, offset + rows.length)
    if (rows.length > 0 && typeof left === 'number') {
      yield { least: offset + rows.length + left, isAll: true }
      return
    }
    yield { least, isAll: absent !== null && least >= absent }
    offset = absent === null ? 2 * offset : Math.floor((least + absent) / 2)
  }
}
