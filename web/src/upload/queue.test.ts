// SPDX-License-Identifier: Apache-2.0
import { expect, test, vi } from 'vitest'

import { MomentaryError, progressOf, QueuedFile, UploadQueue, type Transport } from './queue'

const file = (name: string): QueuedFile => new QueuedFile(new File(['1234'], name), name)
const named = (count: number): QueuedFile[] =>
  Array.from({ length: count }, (_, number) => file(`${number}.dcm`))

function transport(given: Partial<Transport>): Transport {
  return {
    has: () => Promise.resolve(false),
    store: () => Promise.resolve({ state: 'stored' }),
    pause: () => Promise.resolve(),
    ...given,
  }
}

async function sent(given: Partial<Transport>, files: readonly QueuedFile[]) {
  const done = vi.fn()
  const queue = new UploadQueue(transport(given), done)
  queue.add(files)
  await vi.waitFor(() => {
    expect(done).toHaveBeenCalled()
  })
  return { queue, states: files.map(({ state }) => state.value) }
}

test('some are sent at a time, and all in the end', async () => {
  let [now, most] = [0, 0]
  const store: Transport['store'] = async () => {
    most = Math.max(most, ++now)
    await Promise.resolve()
    now--
    return { state: 'stored' }
  }

  const { states } = await sent({ store }, named(20))

  expect(new Set(states)).toEqual(new Set(['stored']))
  expect(most).toBe(3)
})

test('what the server has is not sent', async () => {
  const store = vi.fn<Transport['store']>(() => Promise.resolve({ state: 'stored' }))
  const has = (of: File): Promise<boolean> => Promise.resolve(of.name === '0.dcm')

  const { states } = await sent({ store, has }, named(2))

  expect(states).toEqual(['present', 'stored'])
  expect(store).toHaveBeenCalledTimes(1)
})

test('a refusal has its reason, and the others go on', async () => {
  const store: Transport['store'] = (of) =>
    Promise.resolve(of.name === '0.dcm' ? { state: 'refused', reason: 'why' } : { state: 'stored' })
  const files = named(2)

  const { states } = await sent({ store }, files)

  expect(states).toEqual(['refused', 'stored'])
  expect(files[0]?.reason.value).toBe('why')
})

test('after a failure of the network it goes on with the file that broke off', async () => {
  let failures = 3
  const store: Transport['store'] = (_, onProgress) => {
    onProgress(2)
    return failures-- > 0
      ? Promise.reject(new MomentaryError('away'))
      : Promise.resolve({ state: 'stored' })
  }
  const pauses: number[] = []
  const pause = (ms: number): Promise<void> => Promise.resolve(void pauses.push(ms))

  const { states, queue } = await sent({ store, pause }, [file('a')])

  expect(states).toEqual(['stored'])
  expect(pauses).toEqual([500, 2000, 5000])
  expect(queue.waiting.value).toBe('')
})

test('what was stopped can be sent again', async () => {
  const files = named(5)
  let isAway = true
  const done = vi.fn()
  const queue: UploadQueue = new UploadQueue(
    transport({
      store: () =>
        isAway ? Promise.reject(new MomentaryError('away')) : Promise.resolve({ state: 'stored' }),
      pause: () => {
        queue.stop()
        return Promise.resolve()
      },
    }),
    done,
  )
  queue.add(files)
  await vi.waitFor(() => {
    expect(done).toHaveBeenCalledTimes(1)
  })
  expect(new Set(files.map(({ state }) => state.value))).toEqual(new Set(['failed']))

  isAway = false
  queue.retry()

  await vi.waitFor(() => {
    expect(files.map(({ state }) => state.value)).toEqual(Array(5).fill('stored'))
  })
})

test('progress is that of bytes', () => {
  const files = named(4)
  const [first, second, third] = files
  if (first) first.state.value = 'stored'
  if (second) second.state.value = 'sending'
  if (second) second.sent.value = 1
  if (third) third.state.value = 'foreign'

  expect(progressOf(files)).toMatchObject({ bytes: 12, sent: 5, done: 2 })
})
