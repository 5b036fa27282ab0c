// SPDX-License-Identifier: Apache-2.0
/** Days in words and figures → ranges of days, as DICOM writes dates: `20260301`. */

/** From a day to a day, both within; `null` where it has no end on that side. */
export interface Days {
  readonly from: string | null
  readonly to: string | null
}

type Unit = 'day' | 'week' | 'month' | 'year'

const UNITS: Readonly<Record<string, Unit>> = {
  day: 'day',
  days: 'day',
  tag: 'day',
  tage: 'day',
  tagen: 'day',
  week: 'week',
  weeks: 'week',
  woche: 'week',
  wochen: 'week',
  month: 'month',
  months: 'month',
  monat: 'month',
  monate: 'month',
  monaten: 'month',
  year: 'year',
  years: 'year',
  jahr: 'year',
  jahre: 'year',
  jahren: 'year',
}

/** Words for days, in English and German, as they stand in a search. */
const UNIT = Object.keys(UNITS)
  .sort((a, b) => b.length - a.length)
  .join('|')
const LAST = 'last|past|letzte[rsn]?|vergangene[rsn]?'
const THIS = 'this|diese[rsnm]?'
export const DAY_WORDS = new RegExp(
  `(?<![\\p{L}\\d:])(?:(?<named>today|yesterday|heute|gestern)|(?:(?<last>${LAST})|${THIS})\\s+(?:(?<count>\\d{1,3})\\s+)?(?<unit>${UNIT}))(?![\\p{L}\\d])`,
  'giu',
)

/** The days that a match of `DAY_WORDS` means. */
export function daysOfWords(groups: Readonly<Record<string, string>>, today: Date): Days {
  const named = groups.named?.toLowerCase()
  if (named) {
    const day = moved(today, 'day', named === 'yesterday' || named === 'gestern' ? -1 : 0)
    return { from: written(day), to: written(day) }
  }
  const unit = UNITS[(groups.unit ?? '').toLowerCase()] ?? 'day'
  if (groups.last && groups.count) {
    const from = moved(moved(today, unit, -Number(groups.count)), 'day', 1)
    return { from: written(from), to: written(today) }
  }
  const begin = moved(beginOf(today, unit), unit, groups.last ? -1 : 0)
  return { from: written(begin), to: written(moved(moved(begin, unit, 1), 'day', -1)) }
}

/** The first form that a word has; its named groups are the bounds. */
const BOUNDED = [
  /^(?:>=?)(?<from>.{4,10})$/u,
  /^(?:\.\.|…|–|<=?)(?<to>.{4,10})$/u,
  /^(?<from>\d{8})-(?<to>\d{8})?$/u,
  /^-(?<to>\d{8})$/u,
  /^(?<from>.{4,10}?)(?:\.\.|…|–)(?<to>.{4,10})?$/u,
]

/** The days of one word: `2026`, `2026-03`, `14.03.2026`, `20260314`, `2026-01..2026-03`, `>2026`. */
export function daysOf(word: string): Days | null {
  const groups = BOUNDED.map((form) => form.exec(word)?.groups).find(Boolean)
  return groups ? bounds(groups.from, groups.to) : period(word)
}

function bounds(first: string | undefined, second: string | undefined): Days | null {
  const [begin, end] = [first, second].map((text) => (text ? period(text) : undefined))
  if (begin === null || end === null) return null
  return { from: begin?.from ?? null, to: end?.to ?? null }
}

const FORMS = [
  /^(?<year>(?:19|20)\d\d)$/,
  /^(?<year>(?:19|20)\d\d)[-./](?<month>\d{1,2})$/,
  /^(?<year>(?:19|20)\d\d)[-./](?<month>\d{1,2})[-./](?<day>\d{1,2})$/,
  /^(?<year>(?:19|20)\d\d)(?<month>\d\d)(?<day>\d\d)$/,
  /^(?<month>\d{1,2})\.(?<year>(?:19|20)\d\d)$/,
  /^(?<day>\d{1,2})\.(?<month>\d{1,2})\.(?<year>(?:19|20)\d\d)$/,
]

/** A year, a month or a day, from its first to its last. */
function period(text: string): Days | null {
  const groups = FORMS.map((form) => form.exec(text)?.groups).find(Boolean)
  if (!groups) return null
  const unit = unitOf(groups)
  const [year = 0, month = 0, day = 0] = [groups.year, groups.month ?? 1, groups.day ?? 1].map(
    Number,
  )
  const begin = new Date(Date.UTC(year, month - 1, day))
  if (begin.getUTCMonth() !== month - 1 || begin.getUTCDate() !== day) return null
  return { from: written(begin), to: written(moved(moved(begin, unit, 1), 'day', -1)) }
}

function unitOf(groups: Readonly<Record<string, string | undefined>>): Unit {
  if (groups.day) return 'day'
  return groups.month ? 'month' : 'year'
}

/** Today, as the calendar of the reader says; kept as midnight of UTC, so that no hour is skipped. */
export function calendarDay(now: Date): Date {
  return new Date(Date.UTC(now.getFullYear(), now.getMonth(), now.getDate()))
}

function beginOf(day: Date, unit: Unit): Date {
  const [year, month, date] = [day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate()]
  if (unit === 'year') return new Date(Date.UTC(year, 0, 1))
  if (unit === 'month') return new Date(Date.UTC(year, month, 1))
  const sinceMonday = unit === 'week' ? (day.getUTCDay() + 6) % 7 : 0
  return new Date(Date.UTC(year, month, date - sinceMonday))
}

function moved(day: Date, unit: Unit, count: number): Date {
  const [year, month, date] = [day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate()]
  if (unit === 'year') return new Date(Date.UTC(year + count, month, date))
  if (unit === 'month') return new Date(Date.UTC(year, month + count, date))
  return new Date(Date.UTC(year, month, date + count * (unit === 'week' ? 7 : 1)))
}

function written(day: Date): string {
  return day.toISOString().slice(0, 10).replaceAll('-', '')
}
