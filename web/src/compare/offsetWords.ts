// SPDX-License-Identifier: Apache-2.0
/** How a slide lies on the first one, in words. */

import { length, significant } from '../ui/format'
import { t } from '../words'
import type { Offset } from './linking'

const THIN = '\u2009'

/** Such as `aligned: shift 1.2, −0.31 mm · turned 12.3° · size 101 %`. */
export function offsetWords(offset: Offset, isCalibrated: boolean): string {
  const { shift, turn, scale, mirrored, stretch } = offset
  const degrees = (turn * 180) / Math.PI
  const away = Math.hypot(shift.x, shift.y)
  const parts = [
    away > 0.05 &&
      t('shifted {length}', {
        length: isCalibrated ? length(away) : `${significant(away, 3)}${THIN}px`,
      }),
    Math.abs(degrees) >= 0.05 && t('turned {degrees}°', { degrees: signed(degrees, 1) }),
    Math.abs(scale - 1) >= 0.0005 &&
      t('size {percent}', {
        percent: `${significant(scale * 100, 4)}${THIN}%`,
      }),
    stretch >= 0.0005 &&
      t('stretched {percent}', {
        percent: `${significant(stretch * 100, 2)}${THIN}%`,
      }),
    mirrored && t('mirrored'),
  ].filter((part) => part !== false)
  return parts.length > 0
    ? t('aligned: {offset}', { offset: parts.join(' · ') })
    : t('middle on middle')
}

function signed(value: number, digits: number): string {
  return value.toFixed(digits).replace('-', '\u2212')
}
