// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'

import { instance } from './samples'
import { slideOf } from './slide'

const PATH = {
  '00480105': { Value: [{ '00480112': { Value: [20] }, '00282002': { Value: ['SRGB'] } }] },
}
const SCANNER = { '00080070': { Value: ['Aperio'] }, '00081090': { Value: ['Aperio GT 450'] } }

test('a series is sorted into pyramid, label, overview and thumbnail', () => {
  const slide = slideOf([
    instance({ uid: '1', flavour: 'THUMBNAIL', columns: 100, rows: 60 }),
    instance({ uid: '2', flavour: 'LABEL' }),
    instance({ uid: '3', flavour: 'OVERVIEW' }),
    instance({ uid: '4', more: { ...PATH, ...SCANNER } }),
  ])

  expect(slide?.pyramid.levels).toHaveLength(1)
  expect(slide?.thumbnail?.columns).toBe(100)
  expect(slide?.label?.parts[0]?.sopInstanceUid).toBe('2')
  expect(slide?.overview?.parts[0]?.sopInstanceUid).toBe('3')
  expect(slide?.objectivePower).toBe(20)
  expect(slide?.colour.colorSpace).toBe('SRGB')
  expect(slide?.numberOfInstances).toBe(4)
})

test('a scanner’s maker is named once', () => {
  expect(slideOf([instance({ more: SCANNER })])?.identity.scanner).toBe('Aperio GT 450')
})

test('a maker or model that is not known is left out', () => {
  const scanner = { '00080070': { Value: ['Aperio'] }, '00081090': { Value: ['Unknown'] } }

  expect(slideOf([instance({ more: scanner })])?.identity.scanner).toBe('Aperio')
})

test('a series without a volume is no slide', () => {
  expect(slideOf([instance({ flavour: 'LABEL' })])).toBeNull()
  expect(slideOf([])).toBeNull()
})
