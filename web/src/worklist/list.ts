// SPDX-License-Identifier: Apache-2.0
/**
 * The rows of a search, of which those in sight are loaded, page by page. Servers answer newest
 * first; any other order is made here, of searches that are short enough to be loaded whole.
 */

import { batch, signal } from '@preact/signals'

import type { Page, Search, StudyRow } from './answers'
import { countOf } from './counting'
import type { Parameters } from './query'

export const SORTS = ['date', 'patient', 'accession'] as const
export type Sort = (typeof SORTS)[number]

const PAGE = 100
/** So many rows are loaded to be put in another order than the server's. */
export const MOST_SORTED = 2000
/** So many rows of each request are put together, where a search needs several. */
export const MOST_MERGED = 200
/** Pages are not asked for while they fly by. */
const REST_MS = 70

export class StudyList {
  readonly state = signal<'loading' | 'ready' | 'failed'>('loading')
  readonly problem = signal('')
  /** Rows known to be there. */
  readonly count = signal(0)
  /** Whether `count` is all of them. */
  readonly isCounted = signal(false)
  /** Whether the rows are in the order asked for, and none of several requests was cut. */
  readonly isSorted = signal(true)
  readonly isCut = signal(false)
  readonly warnings = signal<readonly string[]>([])
  /** Changes with the rows. */
  readonly version = signal(0)

  private readonly rows = new Map<number, StudyRow>()
  private readonly pages = new Map<number, AbortController>()
  private readonly controller = new AbortController()
  private timer: ReturnType<typeof setTimeout> | undefined
  private pageLength = PAGE

  constructor(
    private readonly requests: readonly Parameters[],
    private readonly sort: Sort,
    private readonly search: Search,
  ) {}

  /** Load the first rows. */
  async begin(): Promise<void> {
    try {
      if (this.requests.length > 1) await this.loadMerged()
      else await this.loadFirst()
    } catch (error) {
      this.fail(error)
    }
  }

  /** The row at an index; `undefined` where it is not loaded. */
  row(index: number): StudyRow | undefined {
    return this.rows.get(index)
  }

  /** Load the rows in sight, once they rest, and give up those that are not any more. */
  show(first: number, last: number): void {
    clearTimeout(this.timer)
    const wanted = this.missingPages(first, last)
    for (const [page, controller] of this.pages) if (!wanted.includes(page)) controller.abort()
    if (wanted.length === 0) return
    this.timer = setTimeout(() => {
      for (const page of wanted) if (!this.pages.has(page)) void this.loadPage(page)
    }, REST_MS)
  }

  /** Cancel what is under way. */
  dispose(): void {
    clearTimeout(this.timer)
    this.controller.abort()
    for (const controller of this.pages.values()) controller.abort()
  }

  private missingPages(first: number, last: number): number[] {
    const pages = []
    const end = Math.min(last, this.count.value - 1)
    for (let page = Math.floor(first / this.pageLength); page * this.pageLength <= end; page++) {
      const from = Math.max(first, page * this.pageLength)
      if (!this.rows.has(from) || !this.rows.has(Math.min(end, (page + 1) * this.pageLength - 1)))
        pages.push(page)
    }
    return pages
  }

  private async loadFirst(): Promise<void> {
    const [asked = {}] = this.requests
    const page = await this.search(asked, PAGE, 0, this.controller.signal)
    // The server may give less than was asked for.
    if (page.left !== 0) this.pageLength = Math.max(1, page.rows.length)
    const total = typeof page.left === 'number' ? page.rows.length + page.left : null
    batch(() => {
      this.warnings.value = page.warnings
      this.put(0, page.rows)
      this.count.value = total ?? page.rows.length + 1
      this.isCounted.value = total !== null
      this.state.value = 'ready'
    })
    if (total === null) await this.countOn(asked)
    if (this.sort !== 'date') await this.loadSorted(asked)
  }

  private async countOn(asked: Parameters): Promise<void> {
    const known = this.pageLength
    const ask = (offset: number): Promise<Page> =>
      this.search(asked, 1, offset, this.controller.signal)
    for await (const { least, isAll } of countOf(ask, known)) {
      batch(() => {
        this.count.value = least
        this.isCounted.value = isAll
      })
    }
  }

  /** Load all rows and put them in order; where they are too many, say that they are not. */
  private async loadSorted(asked: Parameters): Promise<void> {
    if (this.count.value > MOST_SORTED) {
      this.isSorted.value = false
      return
    }
    for (let offset = this.pageLength; offset < this.count.value; offset += this.pageLength) {
      const page = await this.search(asked, this.pageLength, offset, this.controller.signal)
      this.put(offset, page.rows)
    }
    const all = [...this.rows].sort(([a], [b]) => a - b).map(([, row]) => row)
    this.replace(all.sort(ORDERS[this.sort]))
  }

  private async loadMerged(): Promise<void> {
    const pages = await Promise.all(
      this.requests.map((asked) => this.search(asked, MOST_MERGED, 0, this.controller.signal)),
    )
    const rows = pages.flatMap((page) => page.rows)
    batch(() => {
      this.replace(distinct(rows).sort(ORDERS[this.sort]))
      this.isCut.value = pages.some((page) => page.left !== 0)
      this.warnings.value = [...new Set(pages.flatMap((page) => page.warnings))]
      this.isCounted.value = true
      this.state.value = 'ready'
    })
  }

  private async loadPage(page: number): Promise<void> {
    const controller = new AbortController()
    this.pages.set(page, controller)
    const [asked = {}] = this.requests
    const offset = page * this.pageLength
    try {
      const { rows } = await this.search(asked, this.pageLength, offset, controller.signal)
      this.put(offset, rows)
      this.problem.value = ''
    } catch (error) {
      if (!controller.signal.aborted) this.problem.value = wordsOf(error)
    } finally {
      this.pages.delete(page)
    }
  }

  private put(offset: number, rows: readonly StudyRow[]): void {
    rows.forEach((row, index) => this.rows.set(offset + index, row))
    this.version.value++
  }

  private replace(rows: readonly StudyRow[]): void {
    this.rows.clear()
    this.count.value = rows.length
    this.put(0, rows)
  }

  private fail(error: unknown): void {
    if (this.controller.signal.aborted) return
    batch(() => {
      this.problem.value = wordsOf(error)
      if (this.rows.size === 0) this.state.value = 'failed'
    })
  }
}

type Order = (a: StudyRow, b: StudyRow) => number

const ORDERS: Readonly<Record<Sort, Order>> = {
  date: (a, b) => b.date.localeCompare(a.date),
  patient: (a, b) => byText(a.patientName ?? a.patientId, b.patientName ?? b.patientId),
  accession: (a, b) => byText(a.accession, b.accession),
}

/** In the reader's order, with numbers by their value; what is absent comes last. */
function byText(a: string | null, b: string | null): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  return a.localeCompare(b, undefined, { numeric: true })
}

function distinct(rows: readonly StudyRow[]): StudyRow[] {
  return [...new Map(rows.map((row) => [row.study, row])).values()]
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
