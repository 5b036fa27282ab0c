// SPDX-License-Identifier: Apache-2.0
/** Measures in words and as a table: in µm and mm, or in pixels where the slide is not calibrated. */

import type { Point } from '../dicom/geometry'
import { inMicrometres } from '../units'
import { msg, t } from '../words'
import { measured, type Kind, type Quantities, type Shape } from './geometry'

const THIN = '\u2009'
/** From here on millimetres are easier to read. */
const MM_FROM_UM = 1000
const MM2_FROM_UM2 = 100_000

/** What a kind of measure is called. */
export const KIND_NAMES: Readonly<Record<Kind, string>> = {
  length: msg('length'),
  polyline: msg('path'),
  angle: msg('angle'),
  area: msg('area'),
  ellipse: msg('ellipse'),
  circle: msg('circle'),
  count: msg('count'),
}

export function kindName(kind: Kind): string {
  return t(KIND_NAMES[kind])
}

/** A length of so many columns: `123.4 µm`, `1.234 mm`, or `247 px`. */
export function lengthWords(columns: number, mpp: number | null): string {
  if (mpp === null) return `${digits(columns)}${THIN}px`
  const micrometres = columns * mpp
  return inMicrometres(micrometres, MM_FROM_UM)
    ? `${digits(micrometres)}${THIN}µm`
    : `${digits(micrometres / 1000)}${THIN}mm`
}

/** An area in square columns: `1234 µm²`, `0.1234 mm²`, or `987 px²`. */
export function areaWords(squared: number, mpp: number | null): string {
  if (mpp === null) return `${digits(squared)}${THIN}px²`
  const micrometres = squared * mpp * mpp
  return inMicrometres(micrometres, MM2_FROM_UM2)
    ? `${digits(micrometres)}${THIN}µm²`
    : `${digits(micrometres / 1e6)}${THIN}mm²`
}

/** What stands beside a shape: the one quantity that it is drawn for. */
export function valueWords(shape: Pick<Shape, 'kind' | 'points'>, mpp: number | null): string {
  const { length, area, angle, count } = measured(shape)
  if (length !== undefined) return lengthWords(length, mpp)
  if (area !== undefined) return areaWords(area, mpp)
  return angle === undefined ? String(count ?? 0) : `${angle.toFixed(1)}°`
}

/** What else is known of a shape. */
export function moreWords(shape: Pick<Shape, 'kind' | 'points'>, mpp: number | null): string {
  const { perimeter, diameters = [] } = measured(shape)
  const across = diameters.map((diameter) => lengthWords(diameter, mpp)).join(' × ')
  return [
    across && t('diameter {length}', { length: across }),
    perimeter !== undefined && t('perimeter {length}', { length: lengthWords(perimeter, mpp) }),
  ]
    .filter(Boolean)
    .join(', ')
}

/** All measures in lines of words. */
export function asText(shapes: readonly Shape[], mpp: number | null): string {
  const lines = shapes.map((shape, index) => {
    const more = moreWords(shape, mpp)
    const value = valueWords(shape, mpp)
    return `${index + 1}. ${kindName(shape.kind)}: ${value}${more && ` (${more})`}`
  })
  return [...lines, ...(mpp === null ? [t('in pixels: the slide is not calibrated')] : [])].join(
    '\n',
  )
}

/** All measures as CSV (RFC 4180); places are columns and rows of the finest level. */
export function asCsv(shapes: readonly Shape[], mpp: number | null, aspect = 1): string {
  const unit = mpp === null ? 'px' : 'um'
  const head = ['number', 'kind', `length_${unit}`, `area_${unit}2`, `perimeter_${unit}`]
  const rows = shapes.map((shape, index) => [
    ...[String(index + 1), shape.kind],
    ...values(measured(shape), mpp ?? 1),
    shape.points.map((point) => place(point, aspect)).join('; '),
  ])
  const table = [[...head, 'angle_deg', 'count', 'points_px'], ...rows]
  return table.map((row) => row.join(',')).join('\r\n') + '\r\n'
}

function values({ length, area, perimeter, angle, count }: Quantities, unit: number): string[] {
  return [
    ...[rounded(length, unit), rounded(area, unit * unit), rounded(perimeter, unit)],
    ...[rounded(angle, 1), rounded(count, 1)],
  ]
}

function rounded(value: number | undefined, unit: number): string {
  return value === undefined ? '' : String(Number((value * unit).toFixed(3)))
}

function place({ x, y }: Point, aspect: number): string {
  return `${Number(x.toFixed(2))} ${Number((y / aspect).toFixed(2))}`
}

/** Four digits that count, and all before the decimal point. */
function digits(value: number): string {
  return value >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(4)))
}
