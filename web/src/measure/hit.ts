// SPDX-License-Identifier: Apache-2.0
/** What of the measures lies below the pointer. All in slide coordinates; `reach` is how near. */

import type { Point } from '../dicom/geometry'
import { distance, distanceTo, outline, type Shape } from './geometry'

export interface Hit {
  readonly id: number
  /** The point that was hit; `null` where the line was. */
  readonly vertex: number | null
  /** Where a new point would go: after this one; `null` where the shape takes none. */
  readonly edge: number | null
}

/** What is hit: points before lines, the latest measure before the earlier. */
export function hit(shapes: readonly Shape[], at: Point, reach: number): Hit | null {
  const latest = [...shapes].reverse()
  for (const { id, points } of latest) {
    const vertex = points.findIndex((point) => distance(point, at) <= reach)
    if (vertex >= 0) return { id, vertex, edge: null }
  }
  for (const shape of latest) {
    const line = outline(shape)
    const edge = line.findIndex((from, index) => {
      const to = line[index + 1]
      return to !== undefined && distanceTo(at, from, to) <= reach
    })
    if (edge >= 0) return { id: shape.id, vertex: null, edge: takesPoints(shape) ? edge : null }
  }
  return null
}

function takesPoints({ kind }: Shape): boolean {
  return kind === 'polyline' || kind === 'area'
}
