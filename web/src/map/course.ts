// SPDX-License-Identifier: Apache-2.0
/** Which way the reader goes: who has panned to the right will most likely pan further. */

import type { Point, Viewed } from '../dicom/geometry'

export class Course {
  private rested: Pick<Viewed, 'centre' | 'downsample'> | null = null
  private went: Point = { x: 0, y: 0 }

  /** The way from where the view rested before to where it does; nowhere after a zoom. */
  get way(): Point {
    return this.went
  }

  /** The view rests. */
  rest(now: Pick<Viewed, 'centre' | 'downsample'>): void {
    const before = this.rested?.downsample === now.downsample ? this.rested : now
    this.went = { x: now.centre.x - before.centre.x, y: now.centre.y - before.centre.y }
    this.rested = now
  }
}
