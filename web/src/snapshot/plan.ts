// SPDX-License-Identifier: Apache-2.0
/** What is taken for a picture: its own field, and that of an inset. */

import { corners, type Point, type Size, type Viewed } from '../dicom/geometry'
import { pixelOf } from './blocks'

export const INSETS = ['none', 'overview', 'detail'] as const
export type Inset = (typeof INSETS)[number]

export interface Wish {
  /** Pixels of the picture per pixel of the screen, in one direction. */
  readonly enlargement: number
  readonly inset: Inset
  /** How much closer a detail is. */
  readonly closer: number
}

/** No side and no area of a picture may be larger, for a browser's canvas. */
const MOST_SIDE = 16_000
const MOST_AREA = 80_000_000
/** An inset may take so much of the picture. */
const INSET_SHARE = { width: 0.3, height: 0.36 }

/** The screen's view in pixels of the picture. */
export function fieldOf(viewed: Viewed, ratio: number, { enlargement }: Wish): Viewed {
  const factor = ratio * enlargement
  const { width, height } = viewed.screen
  return {
    ...viewed,
    downsample: viewed.downsample / factor,
    screen: { width: Math.round(width * factor), height: Math.round(height * factor) },
  }
}

/** Whether a picture of this size can be made. */
export function isPossible({ width, height }: Size): boolean {
  return Math.max(width, height) <= MOST_SIDE && width * height <= MOST_AREA
}

/** What the inset of a picture shows; `null` where there is none. */
export function insetOf(field: Viewed, slide: Size, { inset, closer }: Wish): Viewed | null {
  if (inset === 'none') return null
  const { width, height } = field.screen
  const room = { width: width * INSET_SHARE.width, height: height * INSET_SHARE.height }
  if (inset === 'detail')
    return { ...field, downsample: field.downsample / closer, screen: whole(room) }
  const downsample = Math.max(slide.width / room.width, slide.height / room.height)
  return {
    centre: { x: slide.width / 2, y: slide.height / 2 },
    downsample,
    rotation: 0,
    screen: whole({ width: slide.width / downsample, height: slide.height / downsample }),
  }
}

/** Where one view's field lies on the other's picture: its four corners there. */
export function outlineOn(on: Viewed, of: Viewed): Point[] {
  return corners(of).map((corner) => pixelOf(on, corner))
}

function whole({ width, height }: Size): Size {
  return { width: Math.max(1, Math.round(width)), height: Math.max(1, Math.round(height)) }
}

/** Words in lines no wider than there is room; a word that is wider has a line of its own. */
export function wrapped(text: string, width: number, widthOf: (text: string) => number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    const longer = last === undefined ? word : `${last} ${word}`
    if (last !== undefined && widthOf(longer) <= width) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines
}
