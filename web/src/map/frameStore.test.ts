// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it, vi } from 'vitest'

import type { FrameBytes } from '../api'
import { FrameStore } from './frameStore'

function bytes(length: number): FrameBytes {
  return { mediaType: 'image/jpeg', bytes: new Uint8Array(length) }
}

/** A server that answers when told to, and hears when nobody waits any longer. */
function slow() {
  const signals: AbortSignal[] = []
  let give: (frame: FrameBytes) => void = () => undefined
  const answer = new Promise<FrameBytes>((resolve) => {
    give = resolve
  })
  const ask = vi.fn((signal: AbortSignal) => {
    signals.push(signal)
    return answer
  })
  return {
    ask,
    give: (frame: FrameBytes) => {
      give(frame)
    },
    signals,
  }
}

describe('FrameStore', () => {
  it('asks once for what it keeps', async () => {
    const store = new FrameStore(100)
    const ask = vi.fn(() => Promise.resolve(bytes(10)))
    await store.get('a', ask)
    expect(await store.get('a', ask)).toEqual(bytes(10))
    expect(ask).toHaveBeenCalledTimes(1)
  })

  it('lets the longest unused leave when there are too many bytes', async () => {
    const store = new FrameStore(25)
    for (const name of ['a', 'b']) await store.get(name, () => Promise.resolve(bytes(10)))
    await store.get('a', () => Promise.resolve(bytes(10)))
    await store.get('c', () => Promise.resolve(bytes(10)))
    expect([store.has('a'), store.has('b'), store.has('c')]).toEqual([true, false, true])
  })

  it('does not keep what is larger than all it may keep', async () => {
    const store = new FrameStore(5)
    await store.get('a', () => Promise.resolve(bytes(10)))
    expect(store.has('a')).toBe(false)
  })

  it('shares what is under way', async () => {
    const { ask, give } = slow()
    const store = new FrameStore(100)
    const both = Promise.all([store.get('a', ask), store.get('a', ask)])
    give(bytes(3))
    expect(await both).toEqual([bytes(3), bytes(3)])
    expect(ask).toHaveBeenCalledTimes(1)
  })

  it('cancels when the last who waits has left, and asks anew then', async () => {
    const { ask, signals } = slow()
    const store = new FrameStore(100)
    const [one, other] = [new AbortController(), new AbortController()]
    const first = store.get('a', ask, one.signal)
    const second = store.get('a', ask, other.signal)
    one.abort()
    await expect(first).rejects.toThrow('abort')
    expect(signals[0]?.aborted).toBe(false)
    other.abort()
    await expect(second).rejects.toThrow('abort')
    expect(signals[0]?.aborted).toBe(true)
    expect(await store.get('a', () => Promise.resolve(bytes(1)))).toEqual(bytes(1))
  })

  it('keeps nothing of a failure', async () => {
    const store = new FrameStore(100)
    await expect(store.get('a', () => Promise.reject(new Error('away')))).rejects.toThrow('away')
    expect(await store.get('a', () => Promise.resolve(bytes(2)))).toEqual(bytes(2))
  })
})
