// SPDX-License-Identifier: Apache-2.0
/** Searching for studies (QIDO-RS, PS3.18 10.6), page by page, and what the server says of it. */

import { dataSets, getDicomJson } from '../api'
import { number, text, texts, type DataSet } from '../dicom/json'
import type { Parameters } from './query'

/** A study, as a row of the worklist shows it. */
export interface StudyRow {
  readonly study: string
  readonly patientName: string | null
  readonly patientId: string | null
  readonly date: string
  readonly accession: string | null
  readonly description: string | null
  readonly modalities: readonly string[]
  readonly series: number | null
}

/** A page of a search. */
export interface Page {
  readonly rows: readonly StudyRow[]
  /** How many more there are: none, a number that the server tells, or some. */
  readonly left: number | 'some'
  /** What the server says of the search itself, such as what it has not matched. */
  readonly warnings: readonly string[]
}

/** Asks for a page of studies. */
export type Search = (
  asked: Parameters,
  limit: number,
  offset: number,
  signal: AbortSignal,
) => Promise<Page>

const FIELDS = 'StudyDescription,ModalitiesInStudy,NumberOfStudyRelatedSeries'

/** Ask the server for a page of studies. */
export const searchStudies: Search = async (asked, limit, offset, signal) => {
  const page = { includefield: FIELDS, limit: String(limit), offset: String(offset) }
  const query = new URLSearchParams({ ...asked, ...page })
  const answer = await getDicomJson(`/studies?${query}`, signal)
  const rows = (await dataSets(answer)).map(rowOf).filter(({ study }) => study)
  return { rows, ...remainder(answer.headers, rows.length, limit) }
}

/** How much is left, and what else is said, by the headers of an answer. */
export function remainder(headers: Headers, found: number, limit: number): Omit<Page, 'rows'> {
  const told = warningsOf(headers.get('Warning'))
  const counts = told.map((each) => LEFT.exec(each)).filter((match) => match !== null)
  const isMore = headers.get('Link')?.includes('rel="next"') ?? false
  const exact = counts.map(([, some, count]) => (some ? NaN : Number(count)))[0] ?? NaN
  const some = isMore || counts.length > 0 || found >= limit ? 'some' : 0
  return {
    left: found === 0 ? 0 : exact || some,
    warnings: told.filter((each) => !LEFT.test(each)),
  }
}

/** PS3.18 8.3.4.4.1, with the number that our server and others put there. */
const LEFT = /There are (more than )?(\d*) ?additional results/i

/** Texts of warnings: `299 service: text`, several parted by commas (PS3.18 8.3.4.4.1). */
function warningsOf(header: string | null): string[] {
  return (header ?? '')
    .split(/(?:^|, )299 /)
    .map((each) => each.replace(/^\S+?:? (?=\S)/, '').replace(/^"|"$/g, ''))
    .filter(Boolean)
}

/** The row of a study, from an answer to a query. */
export function rowOf(dataSet: DataSet): StudyRow {
  return {
    study: text(dataSet, 'StudyInstanceUID') ?? '',
    patientName: text(dataSet, 'PatientName'),
    patientId: text(dataSet, 'PatientID'),
    date: text(dataSet, 'StudyDate') ?? '',
    accession: text(dataSet, 'AccessionNumber'),
    description: text(dataSet, 'StudyDescription'),
    modalities: texts(dataSet, 'ModalitiesInStudy'),
    series: number(dataSet, 'NumberOfStudyRelatedSeries'),
  }
}
