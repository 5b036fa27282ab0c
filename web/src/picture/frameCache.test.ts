// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'

import { FrameCache } from './frameCache'

test('what was fetched is not fetched again, until newer things take its place', async () => {
  const cache = new FrameCache<string>(2)
  const asked: string[] = []
  const get = (name: string): Promise<string> =>
    cache.get(name, () => {
      asked.push(name)
      return Promise.resolve(name)
    })

  for (const name of ['a', 'b', 'a', 'c', 'a', 'b']) await get(name)

  expect(asked).toEqual(['a', 'b', 'c', 'b'])
})

test('who asked first may give up without harm to others', async () => {
  const cache = new FrameCache<number>(2)
  const first = cache.get('a', () => Promise.reject(new Error('aborted')))
  const second = cache.get('a', () => Promise.resolve(2))

  await expect(first).rejects.toThrow('aborted')
  expect(await second).toBe(2)
})
