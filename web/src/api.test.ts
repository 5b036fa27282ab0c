// SPDX-License-Identifier: Apache-2.0
import { afterEach, expect, test, vi } from 'vitest'

import { searchSlides } from './api'

/** A server of so many series that gives only some of them at once, whatever is asked for. */
function serving(count: number, most: number): void {
  vi.stubGlobal('fetch', (address: string) => {
    const asked = new URL(address, 'http://localhost').searchParams
    const offset = Number(asked.get('offset'))
    const end = Math.min(offset + Math.min(most, Number(asked.get('limit'))), count)
    if (offset >= end) return Promise.resolve(new Response(null, { status: 204 }))
    const page = Array.from({ length: end - offset }, (_, index) => ({
      '0020000E': { vr: 'UI', Value: [`1.2.${offset + index}`] },
    }))
    const headers: Record<string, string> =
      end < count ? { Link: '<http://localhost/dicomweb/series>; rel="next"' } : {}
    return Promise.resolve(new Response(JSON.stringify(page), { headers }))
  })
}

afterEach(() => vi.unstubAllGlobals())

test.each([
  [0, 1000],
  [10, 1000],
  [25, 10],
  [20, 10],
  [1001, 1000],
])('all of %i slides are found where %i are given at once', async (count, most) => {
  serving(count, most)

  const found = await searchSlides(null)

  const uids = found.map((series) => series['0020000E']?.Value?.[0])
  expect(uids).toEqual(Array.from({ length: count }, (_, index) => `1.2.${index}`))
})
