// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'

import { item, items, number, numbers, text, texts, type DataSet } from './json'

describe('values of DICOM JSON', () => {
  const dataSet: DataSet = {
    '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Doe^Jane^^Dr' }] },
    '00080008': { vr: 'CS', Value: ['ORIGINAL', 'PRIMARY', 'VOLUME', 'NONE'] },
    '00280030': { vr: 'DS', Value: ['0.0005', 0.00025] },
    '00280010': { vr: 'US', Value: [256] },
    '00081030': { vr: 'LO', Value: ['  '] },
    '00480105': { vr: 'SQ', Value: [{ '00480112': { vr: 'DS', Value: [20] } }] },
  }

  test('a person’s name reads as its alphabetic parts', () => {
    expect(text(dataSet, 'PatientName')).toBe('Doe, Jane, Dr')
  })

  test('numbers may come as strings', () => {
    expect(numbers(dataSet, 'PixelSpacing')).toEqual([0.0005, 0.00025])
    expect(number(dataSet, 'Rows')).toBe(256)
  })

  test('what is absent or blank is null', () => {
    expect(text(dataSet, 'PatientID')).toBeNull()
    expect(text(dataSet, 'StudyDescription')).toBeNull()
    expect(number(dataSet, 'Columns')).toBeNull()
    expect(number({ '00280011': { vr: 'US', Value: ['many'] } }, 'Columns')).toBeNull()
    expect(texts({ '00080008': {} }, 'ImageType')).toEqual([])
  })

  test('an item that is absent is an empty data set', () => {
    expect(number(item(dataSet, 'OpticalPathSequence'), 'ObjectiveLensPower')).toBe(20)
    expect(item(dataSet, 'SharedFunctionalGroupsSequence')).toEqual({})
    expect(items(dataSet, 'SharedFunctionalGroupsSequence')).toEqual([])
  })
})
