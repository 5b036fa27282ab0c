// SPDX-License-Identifier: Apache-2.0
/** What was done to a specimen before it was scanned (PS3.3 C.7.6.22, PS3.16 TID 8001 to 8003). */

import { item, items, text, type DataSet } from '../dicom/json'

/** Using substance, in SNOMED CT and in SNOMED RT as it was written before. */
const SUBSTANCE = ['424361007', 'G-C350']
/** Parent Specimen Identifier. */
const PARENT = ['111705']

/** Words for what is used most, by the substances together. */
const SHORT: readonly { readonly all: readonly RegExp[]; readonly name: string }[] = [
  { all: [/h(a)?ematoxylin/i, /eosin/i], name: 'H&E' },
]

/** The stains of a slide, in their order, each named once; `null` where none is told. */
export function stainOf(dataSet: DataSet): string | null {
  const names = [...new Set(contents(dataSet, SUBSTANCE))]
  const short = SHORT.find(
    ({ all }) =>
      names.length === all.length && all.every((each) => names.some((stain) => each.test(stain))),
  )
  return short?.name ?? (names.map((stain) => stain.replace(/ stain$/, '')).join(', ') || null)
}

/** The block that the slide was cut from, as the last sampling names it; `null` where unknown. */
export function blockOf(dataSet: DataSet): string | null {
  return contents(dataSet, PARENT).at(-1) ?? null
}

/** Values of the content items of all steps whose concept name has one of these codes. */
function contents(dataSet: DataSet, codes: readonly string[]): string[] {
  return items(dataSet, 'SpecimenDescriptionSequence')
    .flatMap((specimen) => items(specimen, 'SpecimenPreparationSequence'))
    .flatMap((step) => items(step, 'SpecimenPreparationStepContentItemSequence'))
    .filter((content) =>
      codes.includes(text(item(content, 'ConceptNameCodeSequence'), 'CodeValue') ?? ''),
    )
    .map(
      (content) =>
        text(item(content, 'ConceptCodeSequence'), 'CodeMeaning') ?? text(content, 'TextValue'),
    )
    .filter((value) => value !== null)
}
