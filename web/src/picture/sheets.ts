// SPDX-License-Identifier: Apache-2.0
/**
 * Which focal plane and which optical path of a slide are shown, by their places in the slide's own
 * order, counted from 0; `null` for the one that comes first to mind.
 */

import { signal } from '@preact/signals'

import { middle } from '../dicom/frames'
import type { Pyramid, Sheet } from '../dicom/pyramid'
import { link } from '../linked'

export const chosenPlane = signal<number | null>(null)
export const chosenPath = signal<number | null>(null)

for (const [name, chosen] of [
  ['plane', chosenPlane],
  ['path', chosenPath],
] as const)
  link(name, {
    read: (text) => {
      chosen.value = text && /^\d{1,4}$/.test(text) && text !== '0' ? Number(text) - 1 : null
    },
    write: () => (chosen.value === null ? null : String(chosen.value + 1)),
  })

/** The plane shown of a slide. */
export function planeOf({ heights }: Pyramid): number {
  return Math.min(chosenPlane.value ?? middle(heights.length), heights.length - 1)
}

/** The path shown of a slide in colour. */
export function pathOf({ paths }: Pyramid): number {
  return Math.min(chosenPath.value ?? 0, paths.length - 1)
}

/** What is shown of a slide: a path, and a plane so many above the present one. */
export function sheetOf(pyramid: Pyramid, path = pathOf(pyramid), above = 0): Sheet {
  const plane = planeOf(pyramid) + above
  return {
    path: pyramid.paths[path]?.identifier ?? null,
    height: pyramid.heights[plane] ?? 0,
  }
}

/** Focus so many planes higher. */
export function focus(pyramid: Pyramid, steps: number): void {
  const plane = planeOf(pyramid) + steps
  chosenPlane.value = Math.min(Math.max(plane, 0), pyramid.heights.length - 1)
}
