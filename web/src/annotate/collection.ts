// SPDX-License-Identifier: Apache-2.0
/**
 * All annotations of a slide. What was imported stays packed as it came; what was drawn or changed
 * since lies over it. A state is never changed but followed by another, so that undo is a step back.
 */

import { idAt, type Batch, type Hidden } from '../vector/scene'
import { done, historyOf, redone, undone, type History } from '../history'
import type { Annotation, Change, Drawn, Row } from './model'
import { annotationAt, matching, rowAt, SheetBuilder, type Sheet } from './sheet'

export interface State {
  readonly sheets: readonly Sheet[]
  /** By id, over what the sheets have; `null` where it was deleted. */
  readonly edits: ReadonlyMap<number, Annotation | null>
}

const NOTHING: State = { sheets: [], edits: new Map() }

export class Collection {
  private history: History<State>
  private nextId: number
  private readonly hidden = new Set<number>()
  /** Drawn by the page for the moment, for they are being edited. */
  private excluded: ReadonlySet<number> = new Set()
  private drawn: { readonly state: State; readonly batches: readonly Batch[] } | null = null
  private found: { state: State; filter: string; ids: number[] } | null = null
  revision = 1
  allHidden = false

  constructor(state: State = NOTHING) {
    this.history = historyOf(state)
    this.nextId = 1 + Math.max(0, ...state.edits.keys(), ...state.sheets.map(lastId))
  }

  get state(): State {
    return this.history.present
  }

  get canUndo(): boolean {
    return this.history.past.length > 0
  }

  get canRedo(): boolean {
    return this.history.future.length > 0
  }

  /** Ids for annotations to come; returns the first. */
  reserve(count: number): number {
    this.nextId += count
    return this.nextId - count
  }

  apply(changes: readonly Change[]): void {
    const edits = new Map(this.state.edits)
    for (const { id, after } of changes) edits.set(id, after)
    this.step({ ...this.state, edits })
  }

  /** Add what was drawn, in one step with other changes; returns the new ids. */
  add(drawn: readonly Drawn[], changes: readonly Change[] = []): number[] {
    const first = this.reserve(drawn.length)
    const added = drawn.map((each, index) => ({ ...each, id: first + index }))
    this.apply([...changes, ...added.map((after) => ({ id: after.id, after }))])
    return added.map(({ id }) => id)
  }

  addSheet(sheet: Sheet): void {
    this.step({ ...this.state, sheets: [...this.state.sheets, sheet] })
  }

  clear(): void {
    this.step(NOTHING)
  }

  undo(): void {
    this.revision++
    this.history = undone(this.history)
  }

  redo(): void {
    this.revision++
    this.history = redone(this.history)
  }

  get(id: number): Annotation | null {
    const edited = this.state.edits.get(id)
    if (edited !== undefined) return edited
    const sheet = this.sheetWith(id)
    return sheet ? annotationAt(sheet, id - sheet.batch.firstId) : null
  }

  /** Ids of annotations whose label or note has the filter's words, the latest drawn first. */
  ids(filter: string): readonly number[] {
    if (this.found?.state === this.state && this.found.filter === filter) return this.found.ids
    const words = filter.toLowerCase().split(/\s+/).filter(Boolean)
    const matches = (text: string): boolean => {
      const lower = text.toLowerCase()
      return words.every((word) => lower.includes(word))
    }
    const { edits, sheets } = this.state
    const ids: number[] = []
    for (const each of edits.values())
      if (each && matches(`${each.label} ${each.note}`)) ids.push(each.id)
    ids.sort((a, b) => b - a)
    for (const sheet of sheets)
      for (const index of matching(sheet, matches)) {
        const id = sheet.batch.firstId + index
        if (!edits.has(id)) ids.push(id)
      }
    this.found = { state: this.state, filter, ids }
    return ids
  }

  rows(filter: string, from: number, count: number): Row[] {
    const ids = this.ids(filter).slice(from, from + count)
    return ids.map((id) => this.row(id)).filter((row) => row !== null)
  }

  row(id: number): Row | null {
    const hidden = this.hidden.has(id)
    const edited = this.state.edits.get(id)
    if (edited === null) return null
    if (edited) {
      const { label, colour, note, form, shape } = edited
      return { id, label, colour, note, kind: form ?? shape.kind, hidden }
    }
    const sheet = this.sheetWith(id)
    return sheet ? rowAt(sheet, id - sheet.batch.firstId, hidden) : null
  }

  /** Hide annotations, or show them again. */
  setHidden(ids: readonly number[], hidden: boolean): void {
    for (const id of ids) {
      if (hidden) this.hidden.add(id)
      else this.hidden.delete(id)
    }
    this.revision++
  }

  setAllHidden(hidden: boolean): void {
    this.allHidden = hidden
    this.revision++
  }

  setExcluded(ids: readonly number[]): void {
    this.excluded = new Set(ids)
    this.revision++
  }

  /** Batches to draw and find; what was drawn here lies over what was imported. */
  batches(): readonly Batch[] {
    if (this.allHidden) return []
    if (this.drawn?.state !== this.state)
      this.drawn = { state: this.state, batches: batchesOf(this.state) }
    return this.drawn.batches
  }

  readonly isHidden: Hidden = (index, batch) => {
    const id = idAt(batch, index)
    if (this.hidden.has(id) || this.excluded.has(id)) return true
    return batch.ids === null && this.state.edits.has(id)
  }

  private step(next: State): void {
    this.revision++
    this.history = done(this.history, next)
  }

  private sheetWith(id: number): Sheet | undefined {
    return this.state.sheets.find(
      ({ batch }) => id >= batch.firstId && id < batch.firstId + batch.packed.count,
    )
  }
}

function lastId({ batch }: Sheet): number {
  return batch.firstId + batch.packed.count - 1
}

function batchesOf({ sheets, edits }: State): Batch[] {
  const builder = new SheetBuilder()
  const ids: number[] = []
  for (const each of edits.values())
    if (each) {
      builder.add(each)
      ids.push(each.id)
    }
  const batches = sheets.map(({ batch }) => batch)
  return ids.length > 0 ? [...batches, builder.finish(0, Uint32Array.from(ids)).batch] : batches
}
