// SPDX-License-Identifier: Apache-2.0
/** Which parts of a slide have been seen, and how closely: a coarse grid over it. */

import { corners, magnification, type Point, type Size, type Viewed } from '../dicom/geometry'

/** Cells along the longer side. */
const CELLS = 128

/** Seen at 5x, 10x and 20x; a glance at the whole slide is not counted. */
const CLOSE_MAGNIFICATIONS = [5, 10, 20] as const
/** The same where the slide is not calibrated, in its pixels per pixel of the screen. */
const CLOSE_DOWNSAMPLES = [4, 2, 1] as const

/** How closely a view shows the slide: 0 (not counted) to 3. */
export function closeness(downsample: number, mpp: number | null): number {
  return mpp === null
    ? CLOSE_DOWNSAMPLES.filter((most) => downsample <= most * 1.01).length
    : CLOSE_MAGNIFICATIONS.filter((least) => magnification(mpp * downsample) >= least / 1.01).length
}

export class Visited {
  readonly across: number
  readonly down: number
  /** By rows: the closest look at each cell. */
  readonly cells: Uint8Array

  constructor(
    private readonly size: Size,
    private readonly mpp: number | null,
  ) {
    const cell = Math.max(size.width, size.height) / CELLS
    this.across = Math.max(1, Math.round(size.width / cell))
    this.down = Math.max(1, Math.round(size.height / cell))
    this.cells = new Uint8Array(this.across * this.down)
  }

  /** Count a view; tells whether anything was new. */
  add(viewed: Viewed): boolean {
    const close = closeness(viewed.downsample, this.mpp)
    const outline = corners(viewed)
    let isNew = false
    this.cells.forEach((known, index) => {
      if (known >= close || !isWithin(outline, this.middle(index))) return
      this.cells[index] = close
      isNew = true
    })
    return isNew
  }

  private middle(index: number): Point {
    return {
      x: (((index % this.across) + 0.5) / this.across) * this.size.width,
      y: ((Math.floor(index / this.across) + 0.5) / this.down) * this.size.height,
    }
  }
}

/** Whether a point lies within a convex outline, whichever way that goes round. */
function isWithin(outline: readonly Point[], point: Point): boolean {
  const sides = outline.map((from, index) => {
    const to = outline[(index + 1) % outline.length] ?? from
    return Math.sign((to.x - from.x) * (point.y - from.y) - (to.y - from.y) * (point.x - from.x))
  })
  return !(sides.includes(1) && sides.includes(-1))
}
