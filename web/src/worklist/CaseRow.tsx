// SPDX-License-Identifier: Apache-2.0
/** A case in the worklist: its slides as a strip of small pictures, and what it says of itself. */

import type { JSX } from 'preact'

import { casePath } from '../address'
import { identityHidden, openCase, row } from '../state'
import { date } from '../ui/format'
import { isPlainClick } from '../ui/links'
import { t } from '../words'
import type { StudyRow } from './answers'
import { slidesOf } from './slides'
import { Thumbnail } from './Thumbnail'
import { ROW_PX } from './window'

const MOST_THUMBNAILS = 5

interface Properties {
  readonly index: number
  readonly study: StudyRow | undefined
  readonly isChosen: boolean
  readonly isResting: boolean
}

export function CaseRow({ index, study, isChosen, isResting }: Properties): JSX.Element {
  return (
    <div
      id={`case-${index}`}
      class="worklist-row case-row"
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isChosen}
      data-state={study ? 'ready' : 'loading'}
      style={{ transform: `translateY(${index * ROW_PX}px)` }}
      onClick={() => {
        row.value = index
      }}
      onDblClick={() => {
        if (study) openCase(study.study)
      }}
    >
      {study ? <Cells study={study} isResting={isResting} /> : <span role="gridcell">…</span>}
    </div>
  )
}

function Cells({
  study,
  isResting,
}: {
  readonly study: StudyRow
  readonly isResting: boolean
}): JSX.Element {
  const isHidden = identityHidden.value
  const name = study.patientName ?? study.patientId ?? t('anonymous')
  const hidden = t('identity hidden')
  return (
    <>
      <div role="gridcell">
        <Thumbnails study={study.study} isResting={isResting} />
      </div>
      <div role="gridcell">
        <a
          class="case-link"
          href={casePath(study.study)}
          tabIndex={-1}
          onClick={(event) => {
            if (!isPlainClick(event)) return
            event.preventDefault()
            openCase(study.study)
          }}
        >
          {isHidden ? hidden : name}
        </a>
        {!isHidden && <Below study={study} isResting={isResting} />}
      </div>
      <div role="gridcell">{isHidden ? '' : study.accession}</div>
      <div role="gridcell">{study.date && date(study.date)}</div>
      <div role="gridcell">{study.description}</div>
      <div role="gridcell" class="quiet">
        {contents(study)}
      </div>
    </>
  )
}

/** The patient's number; where that stands for nobody, what the slides are called. */
function Below({
  study: { study, patientName, patientId },
  isResting,
}: {
  readonly study: StudyRow
  readonly isResting: boolean
}): JSX.Element | null {
  const isNobody = !patientName || (patientId ?? 'ANON-').startsWith('ANON-')
  const slides = isNobody ? (slidesOf(study, isResting) ?? []) : []
  const names = [...new Set(slides.map(({ container }) => container).filter(Boolean))].join(', ')
  const told = names || (patientName && patientId)
  return told ? (
    <span class="quiet" title={told}>
      {told}
    </span>
  ) : null
}

function contents({ modalities, series }: StudyRow): string {
  const count = series === 1 ? t('1 series') : t('{count} series', { count: series ?? '?' })
  return [modalities.join(' '), count].filter(Boolean).join(' · ')
}

function Thumbnails({
  study,
  isResting,
}: {
  readonly study: string
  readonly isResting: boolean
}): JSX.Element {
  const slides = slidesOf(study, isResting) ?? []
  const more = slides.length - MOST_THUMBNAILS
  return (
    <span class="thumbnails">
      {slides.slice(0, MOST_THUMBNAILS).map((slide) => (
        <Thumbnail key={slide.series} study={study} {...slide} />
      ))}
      {more > 0 && <span class="quiet">+{more}</span>}
    </span>
  )
}
