// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'

import type { DataSet } from '../dicom/json'
import { TAGS } from '../dicom/tags'
import { blockOf, stainOf } from './specimen'

const sequence = (...Value: DataSet[]) => ({ vr: 'SQ', Value })
const code = (value: string, meaning: string) =>
  sequence({
    [TAGS.CodeValue]: { vr: 'SH', Value: [value] },
    [TAGS.CodeMeaning]: { vr: 'LO', Value: [meaning] },
  })
const content = (name: string, value: DataSet): DataSet => ({
  [TAGS.ConceptNameCodeSequence]: code(name, 'name'),
  ...value,
})
const coded = (meaning: string): DataSet => ({ [TAGS.ConceptCodeSequence]: code('1', meaning) })
const worded = (words: string): DataSet => ({ [TAGS.TextValue]: { vr: 'UT', Value: [words] } })

function slide(...steps: DataSet[][]): DataSet {
  const preparation = steps.map((step) => ({
    [TAGS.SpecimenPreparationStepContentItemSequence]: sequence(...step),
  }))
  return {
    [TAGS.SpecimenDescriptionSequence]: sequence({
      [TAGS.SpecimenPreparationSequence]: sequence(...preparation),
    }),
  }
}

const STAIN = '424361007'

test.each([
  [[coded('hematoxylin stain'), coded('water soluble eosin stain')], 'H&E'],
  [[coded('hematoxylin stain')], 'hematoxylin'],
  [
    [worded('Anti-Ki-67, clone MIB-1'), coded('hematoxylin stain')],
    'Anti-Ki-67, clone MIB-1, hematoxylin',
  ],
  [[], null],
])('stains of %j are %j', (stains, expected) => {
  expect(stainOf(slide(stains.map((each) => content(STAIN, each))))).toBe(expected)
})

test('a fixative is no stain', () => {
  expect(stainOf(slide([content('430864009', coded('Formalin'))]))).toBeNull()
})

test('the block is what the last sampling took from', () => {
  const steps = [[content('111705', worded('S26-1-A'))], [content('111705', worded('S26-1-A1'))]]

  expect(blockOf(slide(...steps))).toBe('S26-1-A1')
  expect(blockOf({})).toBeNull()
})
