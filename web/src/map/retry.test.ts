// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { ServerError } from '../api'
import { isMomentary, patiently } from './retry'

beforeEach(() => {
  vi.useFakeTimers()
  vi.spyOn(Math, 'random').mockReturnValue(0.5)
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

function failing(times: number, error: Error) {
  let asked = 0
  return vi.fn(() => (asked++ < times ? Promise.reject(error) : Promise.resolve('frame')))
}

describe('patiently', () => {
  it('asks again after a moment, longer apart each time', async () => {
    const ask = failing(3, new ServerError(503, 'busy'))
    const answer = patiently(ask)
    for (const [wait, times] of [
      [249, 1],
      [1, 2],
      [999, 2],
      [1, 3],
      [4000, 4],
    ] as const) {
      await vi.advanceTimersByTimeAsync(wait)
      expect(ask).toHaveBeenCalledTimes(times)
    }
    expect(await answer).toBe('frame')
  })

  it('gives up after the fourth time', async () => {
    const ask = failing(9, new ServerError(0, 'away'))
    const answer = expect(patiently(ask)).rejects.toThrow('away')
    await vi.advanceTimersByTimeAsync(10_000)
    await answer
    expect(ask).toHaveBeenCalledTimes(4)
  })

  it('does not ask again for what is refused', async () => {
    const ask = failing(1, new ServerError(404, 'gone'))
    await expect(patiently(ask)).rejects.toThrow('gone')
    expect(ask).toHaveBeenCalledTimes(1)
  })

  it('waits as long as the server asks, within bounds', async () => {
    const ask = failing(1, new ServerError(429, 'slower', 3000))
    const answer = patiently(ask)
    await vi.advanceTimersByTimeAsync(2999)
    expect(ask).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(await answer).toBe('frame')
    await expect(patiently(failing(1, new ServerError(503, 'later', 60_000)))).rejects.toThrow(
      'later',
    )
  })

  it('stops waiting when nobody wants the frame any longer', async () => {
    const controller = new AbortController()
    const ask = failing(1, new ServerError(503, 'busy'))
    const answer = expect(patiently(ask, controller.signal)).rejects.toThrow('abort')
    await vi.advanceTimersByTimeAsync(100)
    controller.abort()
    await answer
    expect(ask).toHaveBeenCalledTimes(1)
  })
})

describe('isMomentary', () => {
  it('knows refusals from moments', () => {
    expect([0, 429, 503].every((status) => isMomentary(new ServerError(status, '')))).toBe(true)
    expect(
      [400, 401, 404, 406, 501].some((status) => isMomentary(new ServerError(status, ''))),
    ).toBe(false)
    expect(isMomentary(new Error('else'))).toBe(false)
  })
})
