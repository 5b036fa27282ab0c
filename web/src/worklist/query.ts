// SPDX-License-Identifier: Apache-2.0
/**
 * What a reader types → what is asked of the server (QIDO-RS). A word is taken for what it looks
 * like, unless a name and a colon before it say what it is; what was understood is told.
 */

import { calendarDay, DAY_WORDS, daysOf, daysOfWords, type Days } from './dates'
import { stainNamed } from './stains'

export type Kind =
  | 'name'
  | 'patient'
  | 'accession'
  | 'container'
  | 'identifier'
  | 'stain'
  | 'date'
  | 'modality'
  | 'description'
  | 'uid'

/** A part of a search: what it is, and the value as understood. */
export interface Term {
  readonly kind: Kind
  readonly value: string
  readonly days?: Days
}

/** Parameters of one request; a search may need several, whose answers are put together. */
export type Parameters = Readonly<Record<string, string>>

/** What stands before a colon, in English and German. */
const PREFIXES: Readonly<Record<string, Kind>> = {
  name: 'name',
  patient: 'patient',
  pid: 'patient',
  mrn: 'patient',
  id: 'identifier',
  accession: 'accession',
  acc: 'accession',
  case: 'accession',
  fall: 'accession',
  container: 'container',
  slide: 'container',
  block: 'container',
  schnitt: 'container',
  stain: 'stain',
  färbung: 'stain',
  date: 'date',
  datum: 'date',
  modality: 'modality',
  modalität: 'modality',
  description: 'description',
  text: 'description',
  uid: 'uid',
  study: 'uid',
}

/** Modalities that a case of pathology may have, taken for such where written in capitals. */
const MODALITIES = ['SM', 'SEG', 'ANN', 'SR', 'PR', 'GM', 'XC', 'DOC', 'OT', 'CT', 'MR', 'ES', 'KO']
const STAIN = '00400560.00400610.00400612.0040A168.00080104'
/** A search of more requests than this is cut; what is then not looked for is told. */
export const MOST_REQUESTS = 12

const WORD = /(?:([\p{L}]+):)?(?:"([^"]*)"?|(\S+))/gu

/** The terms of a search. */
export function termsOf(text: string, now: Date): Term[] {
  const today = calendarDay(now)
  const dated: Term[] = []
  const rest = text.replaceAll(DAY_WORDS, (...found) => {
    const [value, groups] = [found[0], found.at(-1) as Record<string, string>]
    dated.push({ kind: 'date', value, days: daysOfWords(groups, today) })
    return ' '
  })
  const words = [...rest.matchAll(WORD)].flatMap(([whole, prefix, quoted, plain]) => {
    const kind = PREFIXES[(prefix ?? '').toLowerCase()]
    if (!kind) return wordTerm(quoted ?? whole, quoted === undefined) ?? []
    return kindTerm(kind, quoted ?? plain ?? '') ?? []
  })
  return joinedNames([...words, ...dated])
}

function kindTerm(kind: Kind, value: string): Term | null {
  if (!value) return null
  if (kind !== 'date') return { kind, value: kind === 'modality' ? value.toUpperCase() : value }
  const days = daysOf(value)
  return days && { kind, value, days }
}

function wordTerm(word: string, isPlain: boolean): Term | null {
  const value = word.replace(/,$/, '')
  if (!value.replaceAll('*', '')) return null
  const days = isPlain ? daysOf(value) : null
  if (days) return { kind: 'date', value, days }
  if (MODALITIES.includes(value)) return { kind: 'modality', value }
  if (stainNamed(value)) return { kind: 'stain', value }
  if (/^\d+(?:\.\d+){3,}$/.test(value)) return { kind: 'uid', value }
  return { kind: /\d/.test(value) ? 'identifier' : 'name', value }
}

/** Words of a name are one term: each begins a word of it, in any order. */
function joinedNames(terms: readonly Term[]): Term[] {
  const names = terms.filter(({ kind }) => kind === 'name').map(({ value }) => value)
  const others = terms.filter(({ kind }) => kind !== 'name')
  return names.length > 0 ? [{ kind: 'name', value: names.join(' ') }, ...others] : others
}

/**
 * What a search means where nobody has such a name: slides are named by files, which need no digit.
 * None where it has no name.
 */
export function otherwise(terms: readonly Term[]): Term[] | null {
  if (!terms.some(({ kind }) => kind === 'name')) return null
  return terms.map((term) => (term.kind === 'name' ? { ...term, kind: 'identifier' } : term))
}

/** What is asked of the server: every term holds; of a term's alternatives one does. */
export function requestsOf(terms: readonly Term[]): Parameters[] {
  const combined = terms.reduce<Parameters[]>(
    (requests, term) =>
      requests.flatMap((request) =>
        alternatives(term)
          .filter((wanted) => !clashes(request, wanted))
          .map((wanted) => ({ ...request, ...wanted })),
      ),
    [{}],
  )
  return combined.slice(0, MOST_REQUESTS)
}

/** Whether everything is looked for that the terms may mean. */
export function isWhole(terms: readonly Term[]): boolean {
  const count = terms.reduce((product, term) => product * alternatives(term).length, 1)
  const kinds = terms.map(({ kind }) => kind)
  const isTwice = new Set(kinds.filter((kind) => kind !== 'identifier')).size
  return count <= MOST_REQUESTS && isTwice === kinds.filter((kind) => kind !== 'identifier').length
}

function clashes(request: Parameters, wanted: Parameters): boolean {
  return Object.keys(wanted).some((name) => name in request)
}

const ASKED: Readonly<Record<Kind, (term: Term) => Parameters[]>> = {
  name: ({ value }) => [
    { PatientName: `*${value.split(/[\s,*^]+/).join('*')}*`, fuzzymatching: 'true' },
  ],
  patient: ({ value }) => spelt(value, 'PatientID'),
  accession: ({ value }) => spelt(value, 'AccessionNumber'),
  container: ({ value }) => spelt(value, 'ContainerIdentifier'),
  identifier: ({ value }) =>
    ['AccessionNumber', 'PatientID', 'ContainerIdentifier'].flatMap((name) => spelt(value, name)),
  stain: ({ value }) => stainPatterns(value).map((pattern) => ({ [STAIN]: pattern })),
  date: ({ days }) => [{ StudyDate: dicomRange(days ?? { from: null, to: null }) }],
  modality: ({ value }) => [{ ModalitiesInStudy: value }],
  description: ({ value }) => [{ StudyDescription: `*${value}*` }],
  uid: ({ value }) => [{ StudyInstanceUID: value }, { SeriesInstanceUID: value }],
}

function alternatives(term: Term): Parameters[] {
  return ASKED[term.kind](term)
}

/**
 * Identifiers match from their beginning, as typed and in capitals, and where they are a word in
 * every way a word is written: servers tell small letters from capitals.
 */
function spelt(value: string, name: string): Parameters[] {
  const pattern = value.includes('*') ? value : `${value}*`
  const word = /\d/.test(pattern) ? [] : [pattern.toLowerCase(), capitalised(pattern)]
  return [...new Set([pattern, pattern.toUpperCase(), ...word])].map((each) => ({ [name]: each }))
}

/** By the meaning of its code, which is in small letters but for names. */
function stainPatterns(value: string): string[] {
  const known = stainNamed(value)
  if (known) return [known]
  return [...new Set([value, value.toLowerCase(), capitalised(value)])].map((each) => `*${each}*`)
}

function capitalised(value: string): string {
  return value.charAt(0).toUpperCase() + value.slice(1).toLowerCase()
}

function dicomRange({ from, to }: Days): string {
  return from === to ? (from ?? '') : `${from ?? ''}-${to ?? ''}`
}
