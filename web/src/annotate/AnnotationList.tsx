// SPDX-License-Identifier: Apache-2.0
/**
 * The list of annotations: only the lines in view are on the page, however many there are. One tab
 * stop; arrows, page keys, home and end move, enter goes there, space selects.
 */

import { useSignal, useSignalEffect } from '@preact/signals'
import type { JSX } from 'preact'
import { useRef } from 'preact/hooks'

import { grouped } from '../ui/format'
import { t } from '../words'
import { select, setAllHidden, setHidden, showOnlyMatches, toggleSelected, zoomTo } from './actions'
import { SignButton } from './ActionButton'
import { ROW_PX, stepOf, windowOf } from './listWindow'
import type { Row } from './model'
import { Sign } from './Sign'
import { filter, selectedIds, summary, worker } from './store'

interface Shown {
  readonly from: number
  readonly total: number
  readonly rows: readonly Row[]
}

export function AnnotationList(): JSX.Element {
  const shown = useSignal<Shown>({ from: 0, total: 0, rows: [] })
  const top = useSignal(0)
  const active = useSignal(0)
  const list = useRef<HTMLDivElement>(null)
  useSignalEffect(() => {
    const { revision } = summary.value
    const sought = filter.value
    const { from, count } = windowOf(top.value, list.current?.clientHeight ?? 400)
    const caller = worker.value
    if (!caller || revision < 0) return
    void caller.call('rows', { filter: sought, from, count }).then(({ total, rows }) => {
      if (filter.value === sought) shown.value = { from, total, rows }
    })
  })
  const { from, total, rows } = shown.value
  const goTo = (index: number): void => {
    active.value = index
    scrollInto(list.current, index)
  }
  return (
    <section class="annotation-list">
      <ListHead total={total} />
      <div
        ref={list}
        class="rows"
        role="listbox"
        tabIndex={0}
        aria-label={t('annotations')}
        aria-multiselectable="true"
        aria-activedescendant={total > 0 ? `annotation-${active.value}` : undefined}
        onScroll={(event) => {
          top.value = event.currentTarget.scrollTop
        }}
        onKeyDown={(event) => {
          const step = stepOf(event.key, active.value, total)
          if (step === null && !actOn(event.key, rows[active.value - from])) return
          event.preventDefault()
          event.stopPropagation()
          if (step !== null) goTo(step)
        }}
      >
        <svg class="room" width="1" height={total * ROW_PX} aria-hidden="true" />
        {rows.map((row, index) => (
          <Line
            key={row.id}
            row={row}
            index={from + index}
            total={total}
            active={from + index === active.value}
            choose={() => {
              active.value = from + index
            }}
          />
        ))}
      </div>
      {total === 0 && <p class="quiet">{emptyText()}</p>}
    </section>
  )
}

function ListHead({ total }: { readonly total: number }): JSX.Element {
  const { count, allHidden } = summary.value
  return (
    <div class="list-head">
      <input
        type="search"
        aria-label={t('filter by name and note')}
        placeholder={t('filter')}
        value={filter.value}
        onInput={(event) => {
          filter.value = event.currentTarget.value
        }}
      />
      <span class="quiet count" role="status">
        {total === count
          ? grouped(count)
          : t('{found} of {count}', { found: grouped(total), count: grouped(count) })}
      </span>
      <SignButton
        sign="find"
        label={t('show only what the filter finds')}
        disabled={count === 0}
        run={() => void showOnlyMatches()}
      />
      <SignButton
        sign={allHidden ? 'hidden' : 'shown'}
        label={t('show annotations')}
        pressed={!allHidden}
        run={() => void setAllHidden(!allHidden)}
      />
    </div>
  )
}

interface LineProperties {
  readonly row: Row
  readonly index: number
  readonly total: number
  readonly active: boolean
  readonly choose: () => void
}

function Line({ row, index, total, active, choose }: LineProperties): JSX.Element {
  const { id, colour, kind, hidden } = row
  return (
    <div
      ref={(element) => {
        if (element) element.style.translate = `0 ${index * ROW_PX}px`
      }}
      id={`annotation-${index}`}
      class={active ? 'row active' : 'row'}
      role="option"
      aria-selected={selectedIds.value.includes(id)}
      aria-setsize={total}
      aria-posinset={index + 1}
      aria-label={nameOf(row)}
      onClick={(event) => {
        choose()
        void (event.shiftKey ? toggleSelected(id) : select([id]))
      }}
      onDblClick={() => void zoomTo([id])}
    >
      <svg class="dot" viewBox="0 0 20 20" aria-hidden="true">
        <circle cx="10" cy="10" r="6" fill={colour} />
      </svg>
      <span class="name">{row.label || t(kind)}</span>
      <span class="quiet note">{row.note}</span>
      <button
        type="button"
        class="tool"
        tabIndex={-1}
        aria-label={hidden ? t('show') : t('hide')}
        onClick={(event) => {
          event.stopPropagation()
          void setHidden([id], !hidden)
        }}
      >
        <Sign name={hidden ? 'hidden' : 'shown'} />
      </button>
    </div>
  )
}

function nameOf({ label, kind, note, hidden }: Row): string {
  return [label, t(kind), note, hidden ? t('hidden') : ''].filter(Boolean).join(', ')
}

function emptyText(): string {
  return summary.value.count === 0
    ? t('none yet: choose a tool and draw, or drop a GeoJSON file here')
    : t('no name or note has these words')
}

/** Enter goes there, space selects, h hides: true where the key was one of these. */
function actOn(key: string, row: Row | undefined): boolean {
  if (!row) return false
  if (key === 'Enter') {
    void select([row.id])
    void zoomTo([row.id])
  } else if (key === ' ') void toggleSelected(row.id)
  else return false
  return true
}

function scrollInto(list: HTMLElement | null, index: number): void {
  if (!list) return
  const [top, bottom] = [index * ROW_PX, (index + 1) * ROW_PX]
  if (top < list.scrollTop) list.scrollTop = top
  else if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = bottom - list.clientHeight
}
