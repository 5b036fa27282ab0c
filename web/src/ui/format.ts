// SPDX-License-Identifier: Apache-2.0
/** Numbers, sizes and dates in words: units after a thin space, digits grouped by thin spaces. */

import type { Size } from '../dicom/geometry'
import type { Identity } from '../dicom/slide'
import { inMicrometres } from '../units'
import { language, t } from '../words'

const THIN = '\u2009'
const NARROW = '\u202f'

/** `12345` → `12 345`. */
export function grouped(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, NARROW)
}

/** At most `digits` significant digits, without trailing zeros, with the reader's decimal mark. */
export function significant(value: number, digits: number): string {
  const plain = String(Number(value.toPrecision(digits)))
  return language.value === 'de' ? plain.replace('.', ',') : plain
}

/** A length of the slide: micrometres below a millimetre, else millimetres. */
export function length(micrometres: number): string {
  return inMicrometres(micrometres, 1000)
    ? `${significant(micrometres, 3)}${THIN}µm`
    : `${significant(micrometres / 1000, 3)}${THIN}mm`
}

/** `20 000 × 15 000 px`. */
export function pixelSize({ width, height }: Size): string {
  return `${grouped(width)} × ${grouped(height)}${THIN}px`
}

/** `9.98 × 7.49 mm`, from level-0 pixels and their spacing. */
export function physicalSize({ width, height }: Size, mpp: number): string {
  const millimetres = (pixels: number): string => significant((pixels * mpp) / 1000, 3)
  return `${millimetres(width)} × ${millimetres(height)}${THIN}mm`
}

/** `12.3×`; whole from 10 on where it is whole. */
export function times(magnified: number): string {
  return `${significant(magnified, 3)}×`
}

/** `0.499 µm/px`. */
export function perPixel(mpp: number, digits = 3): string {
  return `${significant(mpp, digits)}${THIN}µm/px`
}

/** `12.3 MB`. */
export function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  return `${significant(bytes / 1000 ** power, 3)}${THIN}${units[power] ?? ''}`
}

/** A DICOM date or date-time → `2026-03-14` or `2026-03-14 15:09`; in German `14.03.2026`. */
export function date(value: string): string {
  const [, year, month, day, hour, minute] =
    /^(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2}))?/.exec(value) ?? []
  if (!year || !month || !day) return value
  const told = language.value === 'de' ? `${day}.${month}.${year}` : `${year}-${month}-${day}`
  return hour && minute ? `${told} ${hour}:${minute}` : told
}

/** What a slide is called. */
export function slideName({
  containerIdentifier,
  seriesDescription,
  seriesInstanceUid,
}: Identity): string {
  return (
    containerIdentifier ??
    seriesDescription ??
    t('slide …{end}', { end: seriesInstanceUid.slice(-6) })
  )
}

/** Whose it is, in one line. */
export function patientLine({ patientName, patientId }: Identity): string {
  return [patientName, patientId].filter((part) => part !== null).join(' · ') || t('anonymous')
}

/** Which study it belongs to, in one line. */
export function studyLine({ studyDate, accessionNumber, studyDescription }: Identity): string {
  return [studyDate && date(studyDate), accessionNumber, studyDescription]
    .filter(Boolean)
    .join(' · ')
}
