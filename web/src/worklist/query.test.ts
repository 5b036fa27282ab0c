// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'

import { isWhole, otherwise, requestsOf, termsOf } from './query'

/** A Saturday. */
const NOW = new Date(2026, 2, 14, 15, 9)
const understood = (text: string) => termsOf(text, NOW).map(({ kind, value }) => [kind, value])
const asked = (text: string) => requestsOf(termsOf(text, NOW))

describe('a word is taken for what it looks like', () => {
  test.each([
    ['', []],
    ['doe', [['name', 'doe']]],
    ['Doe, Jane', [['name', 'Doe Jane']]],
    ['"von der Berg"', [['name', 'von der Berg']]],
    ['S26-17', [['identifier', 'S26-17']]],
    ['2026-17', [['identifier', '2026-17']]],
    ['SM', [['modality', 'SM']]],
    ['sm', [['name', 'sm']]],
    ['H&E', [['stain', 'H&E']]],
    ['1.2.840.113.5', [['uid', '1.2.840.113.5']]],
    [
      'modality:seg stain:Ki-67 fall:s26',
      [
        ['modality', 'SEG'],
        ['stain', 'Ki-67'],
        ['accession', 's26'],
      ],
    ],
    ['other:thing', [['name', 'other:thing']]],
    ['date:nonsense', []],
    ['*', []],
  ])('%j', (text, expected) => {
    expect(understood(text)).toEqual(expected)
  })
})

describe('days', () => {
  test.each([
    ['today', '20260314'],
    ['gestern', '20260313'],
    ['this week', '20260309-20260315'],
    ['last week', '20260302-20260308'],
    ['letzte Woche', '20260302-20260308'],
    ['last month', '20260201-20260228'],
    ['this year', '20260101-20261231'],
    ['last 7 days', '20260308-20260314'],
    ['letzte 2 Wochen', '20260301-20260314'],
    ['2026', '20260101-20261231'],
    ['2026-03', '20260301-20260331'],
    ['2024-02', '20240201-20240229'],
    ['2026-03-14', '20260314'],
    ['20260314', '20260314'],
    ['14.3.2026', '20260314'],
    ['03.2026', '20260301-20260331'],
    ['2025-12..2026-01', '20251201-20260131'],
    ['20260301-20260314', '20260301-20260314'],
    ['2026-02-01–2026-02-03', '20260201-20260203'],
    ['2025..', '20250101-'],
    ['>2025-06', '20250601-'],
    ['<2025-06', '-20250630'],
    ['date:2025', '20250101-20251231'],
  ])('%j', (text, expected) => {
    expect(asked(text)).toEqual([{ StudyDate: expected }])
  })

  test.each(['2026-02-30', '2026-00', '1.2.3', '31.02.2026'])('%j is no day', (text) => {
    expect(understood(text).map(([kind]) => kind)).not.toContain('date')
  })
})

describe('what is asked of the server', () => {
  test('each word begins a word of the name', () => {
    expect(asked('jane doe')).toEqual([{ PatientName: '*jane*doe*', fuzzymatching: 'true' }])
  })

  test('an identifier is that of a case, a patient or a container', () => {
    expect(asked('S26-1')).toEqual([
      { AccessionNumber: 'S26-1*' },
      { PatientID: 'S26-1*' },
      { ContainerIdentifier: 'S26-1*' },
    ])
    expect(asked('acc:s26')).toEqual([{ AccessionNumber: 's26*' }, { AccessionNumber: 'S26*' }])
  })

  test('where nobody has such a name, it may be an identifier', () => {
    const other = otherwise(termsOf('BIOpsy 2026', NOW))
    expect(other?.map(({ kind, value }) => [kind, value])).toEqual([
      ['identifier', 'BIOpsy'],
      ['date', '2026'],
    ])
    const spellings = requestsOf(other ?? []).map(({ ContainerIdentifier }) => ContainerIdentifier)
    expect(spellings.filter(Boolean)).toEqual(['BIOpsy*', 'BIOPSY*', 'biopsy*', 'Biopsy*'])
    expect(otherwise(termsOf('S26-1 2026', NOW))).toBeNull()
  })

  test('terms hold together', () => {
    expect(asked('doe 2026 SM he')).toEqual([
      {
        PatientName: '*doe*',
        fuzzymatching: 'true',
        StudyDate: '20260101-20261231',
        ModalitiesInStudy: 'SM',
        '00400560.00400610.00400612.0040A168.00080104': '*eosin*',
      },
    ])
  })

  test('two identifiers are two different things', () => {
    expect(asked('P1 S2')).toHaveLength(6)
    expect(isWhole(termsOf('P1 S2', NOW))).toBe(true)
  })

  test('what cannot hold together, or is too much, is said', () => {
    expect(isWhole(termsOf('2025 2026', NOW))).toBe(false)
    expect(isWhole(termsOf('a1 b2 c3', NOW))).toBe(false)
  })

  test('nothing asked is everything', () => {
    expect(asked('')).toEqual([{}])
  })
})
