// SPDX-License-Identifier: Apache-2.0
/** What a case holds beside its slides: all its series, and the instances of a series. */

import { signal } from '@preact/signals'

import { dataSets, getDicomJson } from '../api'
import { number, text, texts, type DataSet } from '../dicom/json'
import { identityOf, type Identity } from '../dicom/slide'
import { loadSiblings } from '../load'
import { LOADING, type Loadable } from '../state'
import { remainder } from '../worklist/answers'

export interface Series {
  readonly series: string
  readonly modality: string
  readonly description: string | null
  readonly instances: number | null
  readonly identity: Identity
}

export interface Instance {
  readonly instance: string
  readonly sopClass: string
  readonly number: number | null
  /** Image Type value 3, such as VOLUME. */
  readonly flavour: string | null
  readonly columns: number | null
  readonly rows: number | null
  readonly frames: number | null
}

/** A page of a series' instances, and whether there are more. */
export interface InstancePage {
  readonly instances: readonly Instance[]
  readonly isMore: boolean
}

const SERIES_PAGE = 500
const INSTANCE_PAGE = 100
const SERIES_FIELDS =
  'SeriesDescription,StudyDescription,ContainerIdentifier,Manufacturer,ManufacturerModelName'
const INSTANCE_FIELDS =
  'ImageType,TotalPixelMatrixColumns,TotalPixelMatrixRows,NumberOfFrames,InstanceNumber,SOPClassUID,Rows,Columns'

/** All series of the case on the page, and of which case they are. */
export const series = signal<Loadable<readonly Series[]>>(LOADING)
let shown = ''

/** Load the series of a case. */
export async function loadCase(study: string): Promise<void> {
  if (shown !== study) series.value = LOADING
  shown = study
  try {
    const found = await allSeries(study)
    if (shown === study) series.value = { state: 'ready', value: found }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    if (shown === study) series.value = { state: 'failed', message }
  }
}

/** Load anew what may have changed: something was stored or deleted. */
export async function reloadCase(): Promise<void> {
  if (!shown) return
  await Promise.all([loadCase(shown), loadSiblings(shown, true)])
}

async function allSeries(study: string): Promise<Series[]> {
  const found: Series[] = []
  for (;;) {
    const query = `includefield=${SERIES_FIELDS}&limit=${SERIES_PAGE}&offset=${found.length}`
    const answer = await getDicomJson(`/studies/${encodeURIComponent(study)}/series?${query}`)
    const page = await dataSets(answer)
    found.push(...page.map((each) => seriesOf(each, study)))
    if (remainder(answer.headers, page.length, SERIES_PAGE).left === 0) return found
  }
}

/** A page of the instances of a series. */
export async function instancesOf(
  study: string,
  of: string,
  offset: number,
): Promise<InstancePage> {
  const path = `/studies/${encodeURIComponent(study)}/series/${encodeURIComponent(of)}/instances`
  const query = `includefield=${INSTANCE_FIELDS}&limit=${INSTANCE_PAGE}&offset=${offset}`
  const answer = await getDicomJson(`${path}?${query}`)
  const found = await dataSets(answer)
  const { left } = remainder(answer.headers, found.length, INSTANCE_PAGE)
  return { instances: found.map(instanceOf), isMore: left !== 0 }
}

function seriesOf(dataSet: DataSet, study: string): Series {
  return {
    series: text(dataSet, 'SeriesInstanceUID') ?? '',
    modality: text(dataSet, 'Modality') ?? '',
    description: text(dataSet, 'SeriesDescription'),
    instances: number(dataSet, 'NumberOfSeriesRelatedInstances'),
    identity: { ...identityOf(dataSet), studyInstanceUid: study },
  }
}

function instanceOf(dataSet: DataSet): Instance {
  return {
    instance: text(dataSet, 'SOPInstanceUID') ?? '',
    sopClass: text(dataSet, 'SOPClassUID') ?? '',
    number: number(dataSet, 'InstanceNumber'),
    flavour: texts(dataSet, 'ImageType')[2] ?? null,
    columns: number(dataSet, 'TotalPixelMatrixColumns') ?? number(dataSet, 'Columns'),
    rows: number(dataSet, 'TotalPixelMatrixRows') ?? number(dataSet, 'Rows'),
    frames: number(dataSet, 'NumberOfFrames'),
  }
}
