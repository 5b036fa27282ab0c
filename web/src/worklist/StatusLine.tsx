// SPDX-License-Identifier: Apache-2.0
/** How many cases there are, what the search was understood as, and what could not be done of it. */

import type { JSX } from 'preact'

import { ORIGIN } from '../root'
import { date, grouped } from '../ui/format'
import { msg, t } from '../words'
import { MOST_MERGED, MOST_SORTED, type StudyList } from './list'
import { isWhole, type Kind, type Term } from './query'
import { find, isSearching, list, order, understood } from './store'

const KINDS: Readonly<Record<Kind, string>> = {
  name: msg('name'),
  patient: msg('patient ID'),
  accession: msg('accession'),
  container: msg('container'),
  identifier: msg('accession, patient ID or container'),
  stain: msg('stain'),
  date: msg('date'),
  modality: msg('modality'),
  description: msg('description'),
  uid: msg('UID'),
}

export function StatusLine(): JSX.Element {
  const found = list.value
  const isReady = found?.state.value === 'ready'
  return (
    <div class="worklist-status" id="worklist-status" role="status" aria-busy={isSearching.value}>
      {isReady && <strong>{countText(found)}</strong>}
      {understood.value.map((term) => (
        <span key={`${term.kind} ${term.value}`} class="term">
          <span class="quiet">{t(KINDS[term.kind])}</span> {valueText(term)}
        </span>
      ))}
      {isReady && remarks(found).map((text) => <Remark key={text} text={text} />)}
      {isReady && found.problem.value && (
        <button type="button" class="button" onClick={() => void find()}>
          {t('try again')}
        </button>
      )}
    </div>
  )
}

function Remark({ text }: { readonly text: string }): JSX.Element {
  return <span class="remark">{text}</span>
}

function countText({ count, isCounted, isCut }: StudyList): string {
  const number = grouped(count.value)
  if (!isCounted.value || isCut.value) return t('at least {number} cases', { number })
  return count.value === 1 ? t('1 case') : t('{number} cases', { number })
}

function valueText({ value, days }: Term): string {
  if (!days) return value
  const [from, to] = [days.from && date(days.from), days.to && date(days.to)]
  if (from === to) return from ?? ''
  if (!from) return t('until {day}', { day: to ?? '' })
  return to ? `${from} – ${to}` : t('since {day}', { day: from })
}

function remarks(found: StudyList): string[] {
  const said = [...found.warnings.value]
  if (found.problem.value) said.push(found.problem.value)
  if (!found.isSorted.value && order.value !== 'date') {
    said.push(
      t('newest first: the server has no other order, and more than {most} are not sorted here', {
        most: grouped(MOST_SORTED),
      }),
    )
  }
  if (found.isCut.value) {
    said.push(t('the first {most} of each meaning; say more', { most: grouped(MOST_MERGED) }))
  }
  if (ORIGIN !== null && understood.value.some(({ kind }) => kind === 'stain'))
    said.push(
      t('{origin} may not search by stain: cases of others may be listed', { origin: ORIGIN }),
    )
  if (!isWhole(understood.value)) said.push(t('too many meanings; not all were looked for'))
  return said
}
