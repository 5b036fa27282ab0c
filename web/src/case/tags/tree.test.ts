// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'

import type { DataSet } from '../../dicom/json'
import { itemNodes, nodesOf, searched } from './tree'

const NAMES = {
  '00080018': 'SOP Instance UID',
  '00100010': "Patient's Name",
  '00400560': 'Specimen Description Sequence',
  '00400551': 'Specimen Identifier',
  '7FE00010': 'Pixel Data',
}
const SLIDE: DataSet = {
  '7FE00010': { vr: 'OB', BulkDataURI: 'http://x' },
  '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Müller^Ana', Ideographic: '山田' }] },
  '00080018': { vr: 'UI', Value: ['1.2.3'] },
  '00091001': { vr: 'UN', InlineBinary: 'AAAA' },
  '00400560': {
    vr: 'SQ',
    Value: ['A1', 'A2'].map((id) => ({ '00400551': { vr: 'LO', Value: [id] } })),
  },
  '00280030': { vr: 'DS', Value: [0.5, 0.25] },
}

test('attributes come in the order of their tags, with their values in words', () => {
  expect(nodesOf(SLIDE, NAMES).map(({ tag, name, value }) => [tag, name, value])).toEqual([
    ['(0008,0018)', 'SOP Instance UID', '1.2.3'],
    ['(0009,1001)', 'private', '3 bytes'],
    ['(0010,0010)', "Patient's Name", 'Müller^Ana = 山田'],
    ['(0028,0030)', 'unknown', '0.5 \\ 0.25'],
    ['(0040,0560)', 'Specimen Description Sequence', ''],
    ['(7FE0,0010)', 'Pixel Data', 'bulk data'],
  ])
})

test('items of a sequence are nodes of their own', () => {
  const sequence = nodesOf(SLIDE, NAMES)[4]
  const [node] = sequence ? itemNodes(sequence, 1, NAMES) : []

  expect(node?.path).toBe('00400560.1.00400551')
  expect(node?.value).toBe('A2')
  expect(node?.within).toBe('Specimen Description Sequence 2')
})

describe('search', () => {
  test.each([
    ['specimen identifier', ['A1', 'A2']],
    ['a2', ['A2']],
    ['00400551', ['A1', 'A2']],
    ['(0040,0551) a1', ['A1']],
    ['SpecimenIdentifier', ['A1', 'A2']],
    ['muller', ['Müller^Ana = 山田']],
    ['nothing of it', []],
    ['', []],
  ])('%j', (search, expected) => {
    expect(searched(SLIDE, NAMES, search, 100).map(({ value }) => value)).toEqual(expected)
  })

  test('ends where there are enough', () => {
    expect(searched(SLIDE, NAMES, 'specimen', 2)).toHaveLength(2)
  })
})
