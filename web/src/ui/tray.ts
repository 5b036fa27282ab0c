// SPDX-License-Identifier: Apache-2.0
/** The order of slides: which case each belongs to, and which comes next. */

import type { Identity } from '../dicom/slide'
import { slideName } from './format'

/** The slides of one study. */
export interface Case {
  readonly study: string
  readonly identity: Identity
  readonly slides: readonly Identity[]
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

function byName(a: Identity, b: Identity): number {
  return slideName(a).localeCompare(slideName(b), undefined, { numeric: true })
}
