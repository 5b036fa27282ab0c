// SPDX-License-Identifier: Apache-2.0
/** What the worker does: it holds the annotations of one slide, draws, finds, keeps and exports. */

import { paintTile, type Style, type TileRect } from '../vector/paint'
import type { Methods, Ticket } from '../vector/rpc'
import { hitTest } from '../vector/scene'
import { boxOf, type Box, type Point, type Shape } from '../vector/shape'
import { difference, union } from './clip'
import { Collection } from './collection'
import { exportBlob, importFile } from './files'
import { ChangedElsewhere, Keeper } from './keep'
import type { Annotation, Change, Drawn, Row, Summary } from './model'

let collection = new Collection()
let keeper: Keeper | null = null
let notKept = ''
let saving: Promise<void> = Promise.resolve()

/** How an answer that follows a change tells what there is now. */
interface Changed {
  readonly summary: Summary
  /** What was made, to be selected. */
  readonly ids: readonly number[]
}

function summary(): Summary {
  const { revision, canUndo, canRedo, allHidden } = collection
  return { revision, canUndo, canRedo, allHidden, notKept, count: collection.ids('').length }
}

/** Tell of a change, when it is kept. */
async function changed(ids: readonly number[] = []): Promise<Changed> {
  const { state } = collection
  saving = saving.then(() => keep(state))
  await saving
  return { summary: summary(), ids }
}

async function keep(state: Collection['state']): Promise<void> {
  if (notKept === CHANGED_ELSEWHERE) return
  try {
    await keeper?.save(state)
    if (keeper) notKept = ''
  } catch (error) {
    notKept = error instanceof ChangedElsewhere ? CHANGED_ELSEWHERE : reasonOf(error)
  }
}

const CHANGED_ELSEWHERE = 'elsewhere'

function reasonOf(error: unknown): string {
  return error instanceof DOMException && error.name === 'QuotaExceededError' ? 'quota' : 'refused'
}

function all(ids: readonly number[]): Annotation[] {
  return ids.map((id) => collection.get(id)).filter((each) => each !== null)
}

function removed(annotations: readonly Annotation[]): Change[] {
  return annotations.map(({ id }) => ({ id, after: null }))
}

/** Leave a part of a polygon out; what nothing is left of is deleted. */
function without(from: Annotation, parts: readonly Shape[]): Change {
  const shape = difference(from.shape, parts)
  return { id: from.id, after: shape.rings.length > 0 ? { ...from, shape, form: null } : null }
}

export const WORK = {
  async open(slide: string): Promise<Summary> {
    try {
      keeper = await Keeper.open(slide)
      collection = new Collection(await keeper.load())
    } catch (error) {
      notKept = reasonOf(error)
    }
    return summary()
  },

  add(drawn: readonly Drawn[]): Promise<Changed> {
    return changed(collection.add(drawn))
  },

  apply(changes: readonly Change[]): Promise<Changed> {
    collection.apply(changes)
    return changed()
  },

  undo(): Promise<Changed> {
    collection.undo()
    return changed()
  },

  redo(): Promise<Changed> {
    collection.redo()
    return changed()
  },

  clear(): Promise<Changed> {
    collection.clear()
    return changed()
  },

  remove(ids: readonly number[]): Promise<Changed> {
    collection.apply(removed(all(ids)))
    return changed()
  },

  duplicate({ ids, by }: { ids: readonly number[]; by: Drawn[] }): Promise<Changed> {
    return changed(by.length > 0 ? collection.add(by) : [...ids])
  },

  /** Make one polygon of several. */
  merge(ids: readonly number[]): Promise<Changed> {
    const polygons = all(ids).filter(({ shape }) => shape.kind === 'polygon')
    const [first] = polygons
    if (!first || polygons.length < 2) return changed(ids)
    const shape = union(polygons.map((each) => each.shape))
    return changed(collection.add([{ ...first, shape, form: null }], removed(polygons)))
  },

  /** Leave out of the first polygon what the others cover; the others stay. */
  async subtract(ids: readonly number[]): Promise<Changed> {
    const [first, ...others] = all(ids).filter(({ shape }) => shape.kind === 'polygon')
    if (!first || others.length === 0) return changed(ids)
    const change = without(
      first,
      others.map(({ shape }) => shape),
    )
    collection.apply([change])
    return changed(change.after ? [first.id] : [])
  },

  /** Cut a drawn polygon out of annotations. */
  async cut({ ids, shape }: { ids: readonly number[]; shape: Shape }): Promise<Changed> {
    const polygons = all(ids).filter((each) => each.shape.kind === 'polygon')
    const changes = polygons.map((each) => without(each, [shape]))
    collection.apply(changes)
    return changed(changes.filter(({ after }) => after).map(({ id }) => id))
  },

  get(ids: readonly number[]): Annotation[] {
    return all(ids)
  },

  box(ids: readonly number[]): Box | null {
    return boxOf(all(ids).map(({ shape }) => shape))
  },

  rows({ filter, from, count }: { filter: string; from: number; count: number }): {
    total: number
    rows: Row[]
  } {
    return { total: collection.ids(filter).length, rows: collection.rows(filter, from, count) }
  },

  hit({ at, tolerance }: { at: Point; tolerance: number }): Row | null {
    const found = hitTest(collection.batches(), at, tolerance, collection.isHidden)
    return found && collection.row(found.id)
  },

  /** Hide or show annotations by id, or those that a filter finds. */
  hide({ ids, hidden }: { ids: readonly number[] | string; hidden: boolean }): Summary {
    collection.setHidden(typeof ids === 'string' ? collection.ids(ids) : ids, hidden)
    return summary()
  },

  hideAll(hidden: boolean): Summary {
    collection.setAllHidden(hidden)
    return summary()
  },

  exclude(ids: readonly number[]): Summary {
    collection.setExcluded(ids)
    return summary()
  },

  async paint(
    { rect, style }: { rect: TileRect; style: Style },
    { cancelled }: Ticket,
  ): Promise<ImageBitmap | null> {
    await new Promise((resolve) => setTimeout(resolve)) // lets a cancelling come first
    if (cancelled()) return null
    const canvas = new OffscreenCanvas(rect.size, rect.size)
    const context = canvas.getContext('2d')
    if (!context) return null
    const drawn = paintTile(context, collection.batches(), rect, style, collection.isHidden)
    return drawn ? canvas.transferToImageBitmap() : null
  },

  async import(file: File, ticket: Ticket): Promise<Changed & { left: number; added: number }> {
    const { builder, left } = await importFile(file, ticket)
    if (ticket.cancelled() || builder.count === 0)
      return { summary: summary(), ids: [], left, added: 0 }
    const sheet = builder.finish(collection.reserve(builder.count))
    collection.addSheet(sheet)
    return { ...(await changed()), left, added: builder.count }
  },

  export(): Blob {
    return exportBlob(collection)
  },
} satisfies Methods

export type Work = typeof WORK
