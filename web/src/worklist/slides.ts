// SPDX-License-Identifier: Apache-2.0
/** The slides of the studies in sight: asked for together, in one request for all of them. */

import { signal } from '@preact/signals'

import { dataSets, getDicomJson } from '../api'
import { number, text, texts, type DataSet } from '../dicom/json'
import { DICOMWEB } from '../root'
import { remainder } from './answers'

const PAGE = 300
/** Studies kept, so that scrolling through a large archive does not fill the memory. */
const MOST_KEPT = 1500
/** Of series with so few instances it is asked whether they are more than a label. */
const FEW_INSTANCES = 3
/** What shows the whole glass, and with it perhaps a label (Image Type, value 3). */
const WHOLE_GLASS: readonly (string | undefined)[] = ['OVERVIEW', 'LOCALIZER']

/** A series of a study, and whether the server can draw a small picture of it. */
export interface StripSlide {
  readonly series: string
  readonly isDrawn: boolean
  /** What names the glass. */
  readonly container: string | null
}

const known = new Map<string, readonly StripSlide[]>()
/** Changes when slides have arrived. */
const arrived = signal(0)
let waiting = new Set<string>()

/** The series of a study's slides; `null` until they are known. Asked for where `load` is set. */
export function slidesOf(study: string, load: boolean): readonly StripSlide[] | null {
  const found = arrived.value >= 0 ? known.get(study) : undefined
  if (!found && load && !waiting.has(study)) {
    if (waiting.size === 0) setTimeout(ask, 0)
    waiting.add(study)
  }
  return found ?? null
}

/** Look anew: slides were stored or deleted. */
export function forgetSlides(): void {
  known.clear()
  arrived.value++
}

/** The address of a series' small picture, drawn by the server; it never shows a label. */
export function thumbnailUrl(study: string, series: string, width: number, height: number): string {
  const path = `/studies/${encodeURIComponent(study)}/series/${encodeURIComponent(series)}/thumbnail`
  return `${DICOMWEB}${path}?viewport=${width},${height}`
}

function ask(): void {
  const studies = [...waiting]
  waiting = new Set()
  void load(studies).catch(() => undefined) // the rows themselves say that the server is away
}

async function load(studies: readonly string[]): Promise<void> {
  const query = new URLSearchParams({
    StudyInstanceUID: studies.join(','),
    Modality: 'SM',
    includefield: 'NumberOfSeriesRelatedInstances,ContainerIdentifier',
    limit: String(PAGE),
  })
  const answer = await getDicomJson(`/series?${query}`)
  const found = new Map<string, StripSlide[]>()
  const all = await dataSets(answer)
  const bare = await withoutPicture(all)
  for (const each of all) {
    const study = text(each, 'StudyInstanceUID') ?? ''
    const series = text(each, 'SeriesInstanceUID') ?? ''
    const container = text(each, 'ContainerIdentifier')
    const slide = { series, isDrawn: !bare.has(series), container }
    found.set(study, [...(found.get(study) ?? []), slide])
  }
  const isCut = remainder(answer.headers, all.length, PAGE).left !== 0
  const left = isCut ? studies.filter((study) => !found.has(study)) : []
  keep(
    studies.filter((study) => !left.includes(study)),
    found,
  )
  if (left.length > 0 && left.length < studies.length) await load(left)
}

/** Series of nothing but labels, of which no picture has to be asked for. */
async function withoutPicture(all: readonly DataSet[]): Promise<ReadonlySet<string>> {
  const few = all
    .filter((each) => (number(each, 'NumberOfSeriesRelatedInstances') ?? Infinity) <= FEW_INSTANCES)
    .map((each) => text(each, 'SeriesInstanceUID') ?? '')
  if (few.length === 0) return new Set()
  const query = new URLSearchParams({
    SeriesInstanceUID: few.join(','),
    includefield: 'ImageType,SpecimenLabelInImage',
    limit: String(few.length * FEW_INSTANCES),
  })
  const instances = await dataSets(await getDicomJson(`/instances?${query}`))
  const drawn = instances.filter((each) => !showsLabel(each))
  const told = new Set(instances.map((each) => text(each, 'SeriesInstanceUID') ?? ''))
  for (const each of drawn) told.delete(text(each, 'SeriesInstanceUID') ?? '')
  return told
}

/** Whether a label is or may be in sight: the server draws no small picture of that. */
function showsLabel(instance: DataSet): boolean {
  const flavour = texts(instance, 'ImageType')[2]
  const mayShow = WHOLE_GLASS.includes(flavour) && text(instance, 'SpecimenLabelInImage') !== 'NO'
  return flavour === 'LABEL' || mayShow
}

function keep(studies: readonly string[], found: ReadonlyMap<string, readonly StripSlide[]>): void {
  for (const study of studies) known.set(study, found.get(study) ?? [])
  for (const oldest of [...known.keys()].slice(0, Math.max(0, known.size - MOST_KEPT)))
    known.delete(oldest)
  arrived.value++
}
