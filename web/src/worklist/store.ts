// SPDX-License-Identifier: Apache-2.0
/** The worklist's own store: what is searched for, as understood, and the rows found. */

import { computed, effect, signal, untracked } from '@preact/signals'

import { row, search, sort } from '../state'
import { searchStudies } from './answers'
import { SORTS, StudyList, type Sort } from './list'
import { otherwise, requestsOf, termsOf, type Term } from './query'
import { forgetSlides } from './slides'

/** Typing is waited for, so that not every letter is a search. */
const TYPING_MS = 180

const terms = computed(() => termsOf(search.value, new Date()))
/** What terms were found to mean, where that is not what they look like. */
const meaning = signal<{ readonly of: Term[]; readonly terms: Term[] } | null>(null)
/** What the search is understood as. */
export const understood = computed(() =>
  meaning.value?.of === terms.value ? meaning.value.terms : terms.value,
)
/** The order of the rows. */
export const order = computed<Sort>(() => SORTS.find((each) => each === sort.value) ?? 'date')
/** The rows on the page: those of the search before, until the first of the new one are there. */
export const list = signal<StudyList | null>(null)
/** Whether rows of a new search are on their way. */
export const isSearching = signal(false)

const wanted = computed(() => JSON.stringify([requestsOf(terms.value), order.value]))
let coming: StudyList | null = null

/** Keep the rows in step with the search, until the returned function is called. */
export function followSearch(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const stop = effect(() => {
    if (!wanted.value) return
    clearTimeout(timer)
    isSearching.value = true
    const delay = untracked(() => list.value?.state.value === 'ready') ? TYPING_MS : 0
    timer = setTimeout(() => void find(), delay)
  })
  return () => {
    clearTimeout(timer)
    stop()
    list.value?.dispose()
  }
}

/** Search once more; where nobody has such a name, for what else it may mean. */
export async function find(): Promise<void> {
  const asked = terms.value
  const named = await begin(asked)
  const other = isEmpty(named) ? otherwise(asked) : null
  if (coming !== named) return
  const found = other ? await begin(other) : named
  if (other && !isEmpty(found)) meaning.value = { of: asked, terms: other }
  put(found)
}

/** Look again at what may have changed: something was stored or deleted. */
export function findAgain(): void {
  forgetSlides()
  if (list.value) void find()
}

/** Change the search; the first row is chosen then. */
export function searchFor(text: string): void {
  search.value = text
  row.value = 0
}

/** Choose a row. */
export function choose(index: number): void {
  row.value = Math.max(0, Math.min(index, (list.value?.count.value ?? 1) - 1))
}

/** Begin a search in the place of the one that is coming; it has its first rows, or has failed. */
async function begin(asked: readonly Term[]): Promise<StudyList> {
  coming?.dispose()
  const made = new StudyList(requestsOf(asked), order.value, searchStudies)
  coming = made
  isSearching.value = true
  return new Promise((resolve) => {
    const stop = made.state.subscribe((state) => {
      if (state !== 'loading') resolve(made)
    })
    void made.begin().finally(stop)
  })
}

function isEmpty({ state, count }: StudyList): boolean {
  return state.value === 'ready' && count.value === 0
}

function put(made: StudyList): void {
  if (coming !== made) return
  list.value?.dispose()
  list.value = made
  isSearching.value = false
}
