// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test, vi } from 'vitest'

import { remainder, rowOf, type Search, type StudyRow } from './answers'
import { StudyList, type Sort } from './list'

const row = (number: number, given: Partial<StudyRow> = {}): StudyRow => ({
  ...rowOf({}),
  study: `1.${number}`,
  ...given,
})

/** A server with so many studies, which tells how many are left up to 100, or never. */
function server(all: readonly StudyRow[], told = true): { search: Search; asked: number[] } {
  const asked: number[] = []
  const search: Search = (_, limit, offset) => {
    asked.push(offset)
    const rows = all.slice(offset, offset + limit)
    const left = all.length - offset - rows.length
    const exact = told && left <= 100 ? left : 'some'
    return Promise.resolve({ rows, left: left <= 0 && told ? 0 : exact, warnings: [] })
  }
  return { search, asked }
}

async function list(all: readonly StudyRow[], sort: Sort = 'date', told = true) {
  const made = new StudyList([{}], sort, server(all, told).search)
  await made.begin()
  return made
}

const rows = (count: number): StudyRow[] => Array.from({ length: count }, (_, n) => row(n))

describe('how many there are', () => {
  test.each([0, 1, 99, 100, 101, 200, 201, 4321, 100_000])(
    '%d, where the server tells',
    async (n) => {
      const made = await list(rows(n))

      expect([made.count.value, made.isCounted.value]).toEqual([n, true])
    },
  )

  test.each([101, 200, 4321])('%d, where it tells nothing', async (n) => {
    const made = await list(rows(n), 'date', false)

    expect([made.count.value, made.isCounted.value]).toEqual([n, true])
  })

  test('a hundred thousand are counted in few requests', async () => {
    const { search, asked } = server(rows(100_000))
    await new StudyList([{}], 'date', search).begin()

    expect(asked.length).toBeLessThan(30)
  })
})

test('the rows in sight are loaded once they rest', async () => {
  vi.useFakeTimers()
  const { search, asked } = server(rows(1000))
  const made = new StudyList([{}], 'date', search)
  await made.begin()
  asked.length = 0

  made.show(300, 320)
  made.show(790, 810)
  await vi.advanceTimersByTimeAsync(200)

  expect(asked).toEqual([700, 800])
  expect(made.row(805)?.study).toBe('1.805')
  expect(made.row(305)).toBeUndefined()
  vi.useRealTimers()
})

describe('order', () => {
  const some = [
    row(1, { patientName: 'Roe', accession: 'S10' }),
    row(2, { accession: 'S9' }),
    row(3, { patientName: 'Doe' }),
  ]
  const studies = (made: StudyList) => [0, 1, 2].map((index) => made.row(index)?.study)

  test('is the server’s, or that of names or accession numbers', async () => {
    expect(studies(await list(some))).toEqual(['1.1', '1.2', '1.3'])
    expect(studies(await list(some, 'patient'))).toEqual(['1.3', '1.1', '1.2'])
    expect(studies(await list(some, 'accession'))).toEqual(['1.2', '1.1', '1.3'])
  })

  test('is not made of very many, which is said', async () => {
    const made = await list(rows(2500), 'patient')

    expect(made.isSorted.value).toBe(false)
  })

  test('is made of all pages', async () => {
    const made = await list(
      rows(250).map((each, n) => ({ ...each, accession: `A${250 - n}` })),
      'accession',
    )

    expect(made.row(0)?.accession).toBe('A1')
    expect(made.row(249)?.accession).toBe('A250')
  })
})

test('several requests are put together, each study once, the newest first', async () => {
  const answers = [
    [row(1, { date: '20260101' }), row(2, { date: '20250101' })],
    [row(3, { date: '20260201' }), row(1, { date: '20260101' })],
  ]
  const search: Search = (asked) =>
    Promise.resolve({ rows: answers[Number(asked.PatientID)] ?? [], left: 0, warnings: ['w'] })
  const made = new StudyList([{ PatientID: '0' }, { PatientID: '1' }], 'date', search)

  await made.begin()

  expect([0, 1, 2].map((index) => made.row(index)?.study)).toEqual(['1.3', '1.1', '1.2'])
  expect([made.count.value, made.isCut.value, made.warnings.value]).toEqual([3, false, ['w']])
})

test('a server that fails is said', async () => {
  const made = new StudyList([{}], 'date', () => Promise.reject(new Error('away')))

  await made.begin()

  expect([made.state.value, made.problem.value]).toEqual(['failed', 'away'])
})

describe('what is left', () => {
  const left = (warning: string, link = '') =>
    remainder(new Headers({ Warning: warning, ...(link && { Link: link }) }), 10, 100)

  test.each([
    ['', 0],
    ['299 http://x/dicomweb: There are 17 additional results that can be requested', 17],
    ['299 http://x: There are more than 100 additional results that can be requested', 'some'],
    ['299 x: There are additional results that can be requested', 'some'],
  ])('%j is %j', (warning, expected) => {
    expect(left(warning).left).toBe(expected)
  })

  test('the next page tells that there are some; a full page may have one', () => {
    expect(left('', '<http://x/studies?offset=10>; rel="next"').left).toBe('some')
    expect(remainder(new Headers(), 100, 100).left).toBe('some')
    expect(remainder(new Headers(), 0, 100).left).toBe(0)
  })

  test('other warnings are kept', () => {
    expect(
      left(
        '299 http://x/dicomweb: There are 5 additional results that can be requested, ' +
          '299 http://x/dicomweb: SeriesDescription belongs to a lower level and was not matched',
      ).warnings,
    ).toEqual(['SeriesDescription belongs to a lower level and was not matched'])
  })
})
