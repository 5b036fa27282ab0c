// SPDX-License-Identifier: Apache-2.0
/** Asking again where a moment may help: longer apart each time, as the server says if it does. */

import { ServerError } from '../api'

/** Before the second, third and fourth time. */
const WAITS_MS = [250, 1000, 4000] as const
/** A server that wants longer than this gets no further request; the reader can ask again. */
const LONGEST_WAIT_MS = 15_000

/** Busy, restarting or out of reach; not refusals, which stay refusals. */
const MOMENTARY: readonly number[] = [0, 408, 425, 429, 500, 502, 503, 504]

/** Whether the same request may succeed a moment later. */
export function isMomentary(error: unknown): boolean {
  return error instanceof ServerError && MOMENTARY.includes(error.status)
}

/** Ask, and again after momentary errors. */
export async function patiently<Value>(
  ask: () => Promise<Value>,
  signal?: AbortSignal,
): Promise<Value> {
  for (const wait of WAITS_MS) {
    try {
      return await ask()
    } catch (error) {
      if (!isMomentary(error) || signal?.aborted) throw error
      const wanted = Math.max(wait, (error as ServerError).retryAfterMs ?? 0)
      if (wanted > LONGEST_WAIT_MS) throw error
      await pause(wanted * (0.75 + Math.random() / 2), signal)
    }
  }
  return ask()
}

function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds)
    signal?.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        reject(signal.reason as Error)
      },
      { once: true },
    )
  })
}
