// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { ServerError } from '../api'
import { isUnanswered, Recovery } from './recovery'

const page = Object.assign(new EventTarget(), { hidden: false })
const network = new EventTarget()

beforeEach(() => {
  vi.useFakeTimers()
  vi.spyOn(Math, 'random').mockReturnValue(0.5)
  page.hidden = false
  vi.stubGlobal('document', page)
  vi.stubGlobal('addEventListener', network.addEventListener.bind(network))
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

function away() {
  const server = { isBack: false }
  const ask = vi.fn<(signal: AbortSignal) => Promise<boolean>>(() => Promise.resolve(server.isBack))
  const again = vi.fn()
  return { server, ask, again, recovery: new Recovery(ask, again) }
}

describe('Recovery', () => {
  it('asks with growing pauses, one request at a time, then for all once', async () => {
    const { server, ask, again, recovery } = away()
    recovery.begin()
    recovery.begin()
    for (const [index, seconds] of [5, 10, 20, 40, 60, 60].entries()) {
      await vi.advanceTimersByTimeAsync(seconds * 1000 - 1)
      expect(ask).toHaveBeenCalledTimes(index)
      await vi.advanceTimersByTimeAsync(1)
      expect(ask).toHaveBeenCalledTimes(index + 1)
    }
    expect(again).not.toHaveBeenCalled()

    server.isBack = true
    await vi.advanceTimersByTimeAsync(60_000)
    expect(again).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(600_000)
    expect(ask).toHaveBeenCalledTimes(7)
  })

  it('asks at once when the network is back and when the page is looked at', async () => {
    const { ask, recovery } = away()
    recovery.begin()
    network.dispatchEvent(new Event('online'))
    await vi.advanceTimersByTimeAsync(0)
    expect(ask).toHaveBeenCalledTimes(1)

    page.hidden = true
    await vi.advanceTimersByTimeAsync(600_000)
    expect(ask).toHaveBeenCalledTimes(1)
    page.hidden = false
    page.dispatchEvent(new Event('visibilitychange'))
    await vi.advanceTimersByTimeAsync(0)
    expect(ask).toHaveBeenCalledTimes(2)
  })

  it('goes on with long pauses where the server fails anew, until all is drawn', async () => {
    const { server, ask, again, recovery } = away()
    server.isBack = true
    recovery.begin()
    await vi.advanceTimersByTimeAsync(5000)
    expect(again).toHaveBeenCalledTimes(1)

    recovery.begin()
    recovery.rest()
    await vi.advanceTimersByTimeAsync(9999)
    expect(ask).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(again).toHaveBeenCalledTimes(2)

    recovery.rest()
    recovery.begin()
    await vi.advanceTimersByTimeAsync(5000)
    expect(again).toHaveBeenCalledTimes(3)
  })

  it('asks no longer once it has ended', async () => {
    const { ask, again, recovery } = away()
    ask.mockImplementation(() => new Promise((resolve) => setTimeout(resolve, 1000, true)))
    recovery.begin()
    await vi.advanceTimersByTimeAsync(5500)
    recovery.end()
    network.dispatchEvent(new Event('online'))
    await vi.advanceTimersByTimeAsync(600_000)
    expect(ask).toHaveBeenCalledTimes(1)
    expect(ask.mock.calls[0]?.[0].aborted).toBe(true)
    expect(again).not.toHaveBeenCalled()
  })
})

describe('isUnanswered', () => {
  it('knows a server that is away from one that refuses', () => {
    const tells = (status: number): boolean => isUnanswered(new ServerError(status, ''))
    expect([0, 502, 503, 504].every(tells)).toBe(true)
    expect([404, 406, 500].some(tells)).toBe(false)
    expect(isUnanswered(new Error('else'))).toBe(false)
  })
})
