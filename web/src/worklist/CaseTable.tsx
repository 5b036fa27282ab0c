// SPDX-License-Identifier: Apache-2.0
/**
 * The rows of the worklist, of which only those in sight are on the page. One row is chosen: keys
 * move the choice, wherever the focus is, and enter opens it.
 */

import { useSignal, useSignalEffect } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'

import { isCovered, openCase, row, sort } from '../state'
import { msg, t } from '../words'
import { CaseRow } from './CaseRow'
import type { Sort, StudyList } from './list'
import { choose, order } from './store'
import { MOST_ROWS, ROW_PX, rowFor, rowsDrawn, scrollFor, type Rows } from './window'

/** Pictures are asked for where the rows rest. */
const REST_MS = 160

type Scroller = Readonly<{ current: HTMLElement | null }>

export function CaseTable({ list }: { readonly list: StudyList }): JSX.Element {
  const scroller = useRef<HTMLDivElement>(null)
  const { drawn, isResting } = useRows(list, scroller)
  useKeys(list, scroller)
  const { first, last } = drawn.value
  const count = list.count.value
  const length = list.version.value >= 0 ? Math.max(0, last - first + 1) : 0
  return (
    <div
      id="worklist-table"
      class="worklist-table"
      role="grid"
      aria-label={t('cases')}
      aria-rowcount={count + 1}
      aria-activedescendant={`case-${row.value}`}
      tabIndex={0}
    >
      <Heads />
      <div ref={scroller} class="worklist-rows" role="rowgroup">
        <div class="worklist-all" style={{ height: `${Math.min(count, MOST_ROWS) * ROW_PX}px` }}>
          {Array.from({ length }, (_, number) => first + number).map((index) => (
            <CaseRow
              key={index}
              index={index}
              study={list.row(index)}
              isChosen={index === row.value}
              isResting={isResting.value}
            />
          ))}
        </div>
      </div>
    </div>
  )
}

const HEADS: readonly { readonly title: string; readonly sort?: Sort }[] = [
  { title: msg('slides') },
  { title: msg('patient'), sort: 'patient' },
  { title: msg('accession'), sort: 'accession' },
  { title: msg('date'), sort: 'date' },
  { title: msg('study') },
  { title: msg('contents') },
]

function Heads(): JSX.Element {
  return (
    <div class="worklist-row worklist-heads" role="row" aria-rowindex={1}>
      {HEADS.map((head) => (
        <div
          key={head.title}
          role="columnheader"
          aria-sort={head.sort && head.sort === order.value ? sortName(head.sort) : undefined}
        >
          {head.sort ? <SortButton title={t(head.title)} by={head.sort} /> : t(head.title)}
        </div>
      ))}
    </div>
  )
}

function sortName(by: Sort): 'ascending' | 'descending' {
  return by === 'date' ? 'descending' : 'ascending'
}

function SortButton({ title, by }: { readonly title: string; readonly by: Sort }): JSX.Element {
  const isChosen = order.value === by
  return (
    <button
      type="button"
      class="sort"
      title={t('sort by {column}', { column: title })}
      onClick={() => {
        sort.value = by === 'date' ? null : by
      }}
    >
      {title}
      {isChosen && <span aria-hidden="true">{by === 'date' ? ' ↓' : ' ↑'}</span>}
    </button>
  )
}

/** The rows to draw, by the scroll, and whether it rests. */
function useRows(list: StudyList, scroller: Scroller) {
  const drawn = useSignal<Rows>({ first: 0, last: -1 })
  const isResting = useSignal(false)
  useLayoutEffect(() => {
    const element = scroller.current
    if (!element) return undefined
    let timer: ReturnType<typeof setTimeout> | undefined
    const look = (): void => {
      const rows = rowsDrawn(element.scrollTop, element.clientHeight, list.count.value)
      if (rows.first !== drawn.value.first || rows.last !== drawn.value.last) drawn.value = rows
      list.show(rows.first, rows.last)
    }
    const scrolled = (): void => {
      isResting.value = false
      look()
      clearTimeout(timer)
      timer = setTimeout(() => {
        isResting.value = true
      }, REST_MS)
    }
    element.scrollTop = scrollFor(row.value, element.scrollTop, element.clientHeight)
    const observer = new ResizeObserver(scrolled)
    observer.observe(element)
    element.addEventListener('scroll', scrolled, { passive: true })
    const stop = list.count.subscribe(look)
    return () => {
      clearTimeout(timer)
      stop()
      observer.disconnect()
      element.removeEventListener('scroll', scrolled)
    }
  }, [list])
  return { drawn, isResting }
}

function useKeys(list: StudyList, scroller: Scroller): void {
  useSignalEffect(() => {
    const element = scroller.current
    if (element) element.scrollTop = scrollFor(row.value, element.scrollTop, element.clientHeight)
  })
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (isCovered.value || isForAnother(event)) return
      if (event.key === 'Enter') openRow(list)
      const height = scroller.current?.clientHeight ?? 0
      const to = rowFor(event.key, row.value, list.count.value, height)
      if (to !== null) choose(to)
      if (to !== null || event.key === 'Enter') event.preventDefault()
    }
    addEventListener('keydown', pressed)
    return () => {
      removeEventListener('keydown', pressed)
    }
  }, [list])
}

/** Keys of a dialog, of a button or of the browser, or that move the cursor in the field. */
function isForAnother({ key, target, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  if (ctrlKey || metaKey || altKey || document.querySelector('dialog[open]')) return true
  if (target instanceof HTMLInputElement) return key === 'Home' || key === 'End'
  return key === 'Enter' && target instanceof Element && target.closest('button, a') !== null
}

function openRow(list: StudyList): void {
  const study = list.row(row.value)?.study
  if (study) openCase(study)
}
