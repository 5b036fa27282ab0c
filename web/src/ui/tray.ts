// SPDX-License-Identifier: Apache-2.0
/** The tray's order: which slides a search keeps, which case each belongs to, where keys lead. */

import type { Identity } from '../dicom/slide'
import { date, slideName } from './format'

/** The slides of one study. */
export interface Case {
  readonly study: string
  readonly identity: Identity
  readonly slides: readonly Identity[]
}

/** Slides whose texts contain every word of the search, whatever the case or accents. */
export function matching(slides: readonly Identity[], search: string): Identity[] {
  const words = folded(search).split(/\s+/).filter(Boolean)
  return slides.filter((slide) => {
    const haystack = folded(searchable(slide))
    return words.every((word) => haystack.includes(word))
  })
}

/** Slides by study: the newest study first, its slides by name. */
export function cases(slides: readonly Identity[]): Case[] {
  const studies = new Map<string, Case>()
  for (const slide of slides.toSorted(byName)) {
    const study = slide.studyInstanceUid
    const known = studies.get(study)
    studies.set(study, {
      study,
      identity: known?.identity ?? slide,
      slides: [...(known?.slides ?? []), slide],
    })
  }
  return [...studies.values()].sort((a, b) =>
    (b.identity.studyDate ?? '').localeCompare(a.identity.studyDate ?? ''),
  )
}

/** A card's box on the page. */
export interface Box {
  readonly left: number
  readonly top: number
}

/** The card that an arrow key leads to: sideways the neighbour, up and down the nearest in that row. */
export function neighbour(boxes: readonly Box[], from: number, key: string): number {
  const here = boxes[from]
  if (!here) return 0
  if (key === 'ArrowRight') return Math.min(from + 1, boxes.length - 1)
  if (key === 'ArrowLeft') return Math.max(from - 1, 0)
  const down = key === 'ArrowDown'
  const beyond = boxes
    .filter((box) => (down ? box.top > here.top : box.top < here.top))
    .map((box) => box.top)
  if (beyond.length === 0) return from
  const row = down ? Math.min(...beyond) : Math.max(...beyond)
  return nearestInRow(boxes, row, here.left)
}

function nearestInRow(boxes: readonly Box[], row: number, left: number): number {
  const distance = (box: Box): number => (box.top === row ? Math.abs(box.left - left) : Infinity)
  return boxes.reduce(
    (best, box, index) => (distance(box) < distance(boxes[best] ?? box) ? index : best),
    boxes.findIndex((box) => box.top === row),
  )
}

function searchable(slide: Identity): string {
  return [
    slideName(slide),
    slide.patientName,
    slide.patientId,
    slide.studyDate && date(slide.studyDate),
    slide.accessionNumber,
    slide.studyDescription,
    slide.seriesDescription,
    slide.scanner,
  ].join(' ')
}

function folded(value: string): string {
  return value.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
}

function byName(a: Identity, b: Identity): number {
  return slideName(a).localeCompare(slideName(b), undefined, { numeric: true })
}
