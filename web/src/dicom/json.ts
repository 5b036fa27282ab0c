// SPDX-License-Identifier: Apache-2.0
/**
 * Reading values out of DICOM JSON (PS3.18 F). Reading is tolerant: a value of the wrong kind is
 * taken as absent, numbers may come as strings, and absent is always `null` or an empty list.
 */

import { TAGS, type Keyword } from './tags'

export interface Element {
  readonly vr?: string
  readonly Value?: readonly unknown[]
  readonly BulkDataURI?: string
  readonly InlineBinary?: string
}

export type DataSet = Readonly<Record<string, Element | undefined>>

/** The element of a keyword, or `null` where the data set has none. */
export function element(dataSet: DataSet, keyword: Keyword): Element | null {
  return dataSet[TAGS[keyword]] ?? null
}

/** All values of an element as text; a person's name is its alphabetic form. */
export function texts(dataSet: DataSet, keyword: Keyword): string[] {
  return values(dataSet, keyword)
    .map(asText)
    .filter((value) => value !== null)
}

/** The first value as text. */
export function text(dataSet: DataSet, keyword: Keyword): string | null {
  return texts(dataSet, keyword)[0] ?? null
}

/** All values as finite numbers. */
export function numbers(dataSet: DataSet, keyword: Keyword): number[] {
  return values(dataSet, keyword)
    .map(asNumber)
    .filter((value) => value !== null)
}

/** The first value as a finite number. */
export function number(dataSet: DataSet, keyword: Keyword): number | null {
  return numbers(dataSet, keyword)[0] ?? null
}

/** The items of a sequence. */
export function items(dataSet: DataSet, keyword: Keyword): DataSet[] {
  return values(dataSet, keyword).filter(
    (value) => typeof value === 'object' && value !== null,
  ) as DataSet[]
}

/** The first item of a sequence; an empty data set where there is none. */
export function item(dataSet: DataSet, keyword: Keyword): DataSet {
  return items(dataSet, keyword)[0] ?? {}
}

function values(dataSet: DataSet, keyword: Keyword): readonly unknown[] {
  const value = element(dataSet, keyword)?.Value
  return Array.isArray(value) ? (value as readonly unknown[]) : []
}

function asText(value: unknown): string | null {
  if (typeof value === 'string') return value.trim() || null
  if (typeof value === 'number') return String(value)
  if (typeof value === 'object' && value !== null && 'Alphabetic' in value) {
    return personName(value.Alphabetic)
  }
  return null
}

/** `Doe^Jane^^Dr` → `Doe, Jane, Dr` (PS3.5 6.2.1). */
function personName(value: unknown): string | null {
  if (typeof value !== 'string') return null
  return (
    value
      .split('^')
      .filter((part) => part.trim())
      .join(', ') || null
  )
}

function asNumber(value: unknown): number | null {
  const parsed = typeof value === 'string' && value.trim() ? Number(value) : value
  return typeof parsed === 'number' && Number.isFinite(parsed) ? parsed : null
}
