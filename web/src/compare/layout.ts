// SPDX-License-Identifier: Apache-2.0
/** How the screen is shared between slides: columns, rows, and the lines between that can be moved. */

/** A pane's place, in parts of the whole. */
export interface Cell {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/** A line between two columns (or rows), by the number of the one before it. */
export interface Divider {
  readonly between: 'columns' | 'rows'
  readonly index: number
  /** Where it is, in parts of the whole. */
  readonly at: number
}

export interface Split {
  readonly columns: readonly number[]
  readonly rows: readonly number[]
}

/** No column or row gets less. */
const LEAST = 0.12

/** Columns and rows for a number of panes on a screen: four in a square, else in a line. */
export function gridOf(panes: number, isTall: boolean): { columns: number; rows: number } {
  if (panes === 4) return { columns: 2, rows: 2 }
  return isTall ? { columns: 1, rows: panes } : { columns: panes, rows: 1 }
}

/** Shares that fit a grid: those given where they do, else equal ones. */
export function sharesOf(given: readonly number[], count: number): readonly number[] {
  const sum = given.reduce((total, share) => total + share, 0)
  const fits = given.length === count && given.every((share) => share > 0)
  return fits ? given.map((share) => share / sum) : Array.from({ length: count }, () => 1 / count)
}

/** The place of each pane, row by row. */
export function cellsOf(panes: number, { columns, rows }: Split): Cell[] {
  return Array.from({ length: panes }, (_, index) => {
    const [column, row] = [index % columns.length, Math.floor(index / columns.length)]
    return {
      left: before(columns, column),
      top: before(rows, row),
      width: columns[column] ?? 1,
      height: rows[row] ?? 1,
    }
  })
}

export function dividersOf({ columns, rows }: Split): Divider[] {
  const lines = (between: Divider['between'], shares: readonly number[]): Divider[] =>
    shares.slice(1).map((_, index) => ({ between, index, at: before(shares, index + 1) }))
  return [...lines('columns', columns), ...lines('rows', rows)]
}

/** Shares when the line after one of them is moved; its neighbours give and take. */
export function movedLine(shares: readonly number[], index: number, to: number): number[] {
  const start = before(shares, index)
  const both = (shares[index] ?? 0) + (shares[index + 1] ?? 0)
  const first = Math.min(both - LEAST, Math.max(LEAST, to - start))
  return shares.map((share, at) => (at === index ? first : at === index + 1 ? both - first : share))
}

function before(shares: readonly number[], index: number): number {
  return shares.slice(0, index).reduce((total, share) => total + share, 0)
}
