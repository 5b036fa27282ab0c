// SPDX-License-Identifier: Apache-2.0
/** The slides of the studies in sight: asked for together, in one request for all of them. */

import { signal } from '@preact/signals'

import { dataSets, DICOMWEB, getDicomJson } from '../api'
import { text } from '../dicom/json'
import { remainder } from './answers'

const PAGE = 300
/** Studies kept, so that scrolling through a large archive does not fill the memory. */
const MOST_KEPT = 1500

const known = new Map<string, readonly string[]>()
/** Changes when slides have arrived. */
const arrived = signal(0)
let waiting = new Set<string>()

/** The series of a study's slides; `null` until they are known. Asked for where `load` is set. */
export function slidesOf(study: string, load: boolean): readonly string[] | null {
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
    limit: String(PAGE),
  })
  const answer = await getDicomJson(`/series?${query}`)
  const found = new Map<string, string[]>()
  const all = await dataSets(answer)
  for (const each of all) {
    const study = text(each, 'StudyInstanceUID') ?? ''
    found.set(study, [...(found.get(study) ?? []), text(each, 'SeriesInstanceUID') ?? ''])
  }
  const isCut = remainder(answer.headers, all.length, PAGE).left !== 0
  const left = isCut ? studies.filter((study) => !found.has(study)) : []
  keep(
    studies.filter((study) => !left.includes(study)),
    found,
  )
  if (left.length > 0 && left.length < studies.length) await load(left)
}

function keep(studies: readonly string[], found: ReadonlyMap<string, readonly string[]>): void {
  for (const study of studies) known.set(study, found.get(study) ?? [])
  for (const oldest of [...known.keys()].slice(0, Math.max(0, known.size - MOST_KEPT)))
    known.delete(oldest)
  arrived.value++
}
