// SPDX-License-Identifier: Apache-2.0
/** What stands below a picture: by choice who and what it is, always what is wrong with it. */

import { magnification } from '../dicom/geometry'
import { perPixel, significant, times } from '../ui/format'
import { t } from '../words'

/** What the reader may leave out; patient data has to be asked for. */
export const PARTS = ['slide', 'stain', 'scale', 'date', 'colours', 'patient'] as const
export type Part = (typeof PARTS)[number]

/** Micrometres per pixel: of the picture, and of the finest level stored. */
export interface Scale {
  readonly mpp: number | null
  readonly storedMpp: number | null
  /** Clockwise, as seen. */
  readonly degrees: number
  readonly mirrored: boolean
}

export interface Facts {
  readonly slide: string
  readonly stain: string | null
  readonly date: string | null
  readonly patient: string
  readonly scale: Scale
  /** What is done to the picture, as features say it. */
  readonly colours: readonly string[]
  /** Of tiles that are hatched: how many, and why. */
  readonly gaps: { readonly count: number; readonly reasons: readonly string[] }
  /** What the inset is, if there is one. */
  readonly inset: string | null
}

/** The caption in lines; of parts that are not known nothing is said. */
export function captionOf(facts: Facts, parts: ReadonlySet<Part>): string[] {
  const { slide, stain, date, patient, scale, colours, gaps, inset } = facts
  const named = [
    parts.has('patient') && patient,
    parts.has('slide') && slide,
    parts.has('stain') && stain,
    parts.has('date') && date,
  ]
  const lines = [
    named.filter(Boolean).join(' · '),
    parts.has('scale') && scaleWords(scale).join(' · '),
    inset,
    parts.has('colours') && colours.join('; '),
    gaps.count > 0 && gapWords(gaps),
  ]
  return lines.filter((line) => typeof line === 'string' && line !== '') as string[]
}

/** Magnification and scale, and whatever makes the picture other than the slide lies. */
export function scaleWords({ mpp, storedMpp, degrees, mirrored }: Scale): string[] {
  const size =
    mpp === null
      ? [t('uncalibrated: the slide does not state the size of a pixel')]
      : [times(magnification(mpp)), perPixel(mpp)]
  const isEnlarged = mpp !== null && storedMpp !== null && mpp < storedMpp * 0.995
  return [
    ...size,
    ...(isEnlarged
      ? [t('enlarged: the slide stores {stored}', { stored: perPixel(storedMpp) })]
      : []),
    ...(degrees === 0 ? [] : [t('turned {degrees}°', { degrees: significant(degrees, 4) })]),
    ...(mirrored ? [t('mirrored')] : []),
  ]
}

function gapWords({ count, reasons }: Facts['gaps']): string {
  const why = reasons.join('; ')
  return count === 1
    ? t('incomplete: one tile is hatched: {why}', { why })
    : t('incomplete: {count} tiles are hatched: {why}', { count, why })
}

/** A name for the file: of the slide, never of the patient. */
export function fileName(slide: string, { mpp }: Scale): string {
  const plain = slide
    .normalize('NFC')
    .replace(/[^\p{L}\p{N}._-]+/gu, ' ')
    .trim()
  const size = mpp === null ? '' : ` ${Number(magnification(mpp).toPrecision(3))}x`
  return `${plain.slice(0, 80) || 'slide'}${size}.png`
}
