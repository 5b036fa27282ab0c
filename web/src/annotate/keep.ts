// SPDX-License-Identifier: Apache-2.0
/**
 * Annotations over a reload: in the browser's IndexedDB, by slide. Imported sheets are written once,
 * edits with each change. A slide open in two pages is kept by the one that wrote last before the
 * other's next change; the other is told, and writes no more.
 */

import type { State } from './collection'
import type { Annotation } from './model'
import { sheetOf, storedSheet, type Sheet, type StoredSheet } from './sheet'

interface Record {
  readonly edits: ReadonlyMap<number, Annotation | null>
  readonly sheets: readonly number[]
  /** Counts up with each writing. */
  readonly written: number
}

const NAME = 'coverslip.annotations'
const SLIDES = 'slides'
const SHEETS = 'sheets'

/** Another page has written meanwhile. */
export class ChangedElsewhere extends Error {}

export class Keeper {
  private written = 0
  private readonly known = new Set<number>()

  private constructor(
    private readonly database: IDBDatabase,
    private readonly slide: string,
  ) {}

  static async open(slide: string): Promise<Keeper> {
    const asked = indexedDB.open(NAME, 1)
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore(SLIDES)
      asked.result.createObjectStore(SHEETS)
    }
    return new Keeper(await answered(asked), slide)
  }

  async load(): Promise<State> {
    const transaction = this.database.transaction([SLIDES, SHEETS])
    const record = await answered<Record | undefined>(
      transaction.objectStore(SLIDES).get(this.slide) as IDBRequest<Record | undefined>,
    )
    if (!record) return { sheets: [], edits: new Map() }
    this.written = record.written
    const sheets = await Promise.all(
      record.sheets.map((firstId) =>
        answered<StoredSheet>(
          transaction.objectStore(SHEETS).get([this.slide, firstId]) as IDBRequest<StoredSheet>,
        ),
      ),
    )
    for (const { firstId } of sheets) this.known.add(firstId)
    return { sheets: sheets.map((sheet) => sheetOf(sheet)), edits: record.edits }
  }

  /** Write a state; sheets that are no longer in it are deleted. */
  async save({ sheets, edits }: State): Promise<void> {
    const transaction = this.database.transaction([SLIDES, SHEETS], 'readwrite')
    const ended = completed(transaction)
    const slides = transaction.objectStore(SLIDES)
    const before = await answered<Record | undefined>(
      slides.get(this.slide) as IDBRequest<Record | undefined>,
    )
    if ((before?.written ?? 0) !== this.written) {
      transaction.abort()
      await ended.catch(() => undefined)
      throw new ChangedElsewhere()
    }
    const next = this.written + 1
    const firsts = sheets.map(({ batch }) => batch.firstId)
    slides.put({ edits, sheets: firsts, written: next } satisfies Record, this.slide)
    this.putSheets(transaction.objectStore(SHEETS), sheets)
    await ended
    this.written = next
    this.known.clear()
    for (const first of firsts) this.known.add(first)
  }

  private putSheets(store: IDBObjectStore, sheets: readonly Sheet[]): void {
    const firsts = new Set(sheets.map(({ batch }) => batch.firstId))
    for (const first of this.known) if (!firsts.has(first)) store.delete([this.slide, first])
    for (const sheet of sheets)
      if (!this.known.has(sheet.batch.firstId))
        store.put(storedSheet(sheet), [this.slide, sheet.batch.firstId])
  }
}

function answered<Value>(request: IDBRequest<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result)
    }
    request.onerror = () => {
      reject(request.error ?? new Error('the browser keeps nothing'))
    }
  })
}

function completed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => {
      resolve()
    }
    transaction.onabort = () => {
      reject(transaction.error ?? new Error('the browser keeps nothing'))
    }
  })
}
