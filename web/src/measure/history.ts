// SPDX-License-Identifier: Apache-2.0
/** The measures of a slide with what they were before: each change can be undone and done again. */

import type { Point } from '../dicom/geometry'
import { done, historyOf, type History } from '../history'
import { LEAST_POINTS, type Shape } from './geometry'

export type Measures = History<readonly Shape[]>

export const EMPTY: Measures = historyOf<readonly Shape[]>([])

/** One more, with a number of its own. */
export function added(history: Measures, shape: Omit<Shape, 'id'>): Measures {
  const id = 1 + Math.max(0, ...history.present.map((known) => known.id))
  return done(history, [...history.present, { ...shape, id }])
}

export function removed(history: Measures, id: number): Measures {
  return done(
    history,
    history.present.filter((shape) => shape.id !== id),
  )
}

/** A shape with other points. */
export function reshaped(
  shapes: readonly Shape[],
  id: number,
  points: (before: readonly Point[]) => readonly Point[],
): readonly Shape[] {
  return shapes.map((shape) =>
    shape.id === id ? { ...shape, points: points(shape.points) } : shape,
  )
}

/** A shape without one of its points, where enough are left. */
export function withoutPoint(history: Measures, id: number, index: number): Measures {
  const shape = history.present.find((known) => known.id === id)
  if (!shape || shape.points.length <= LEAST_POINTS[shape.kind]) return history
  return done(
    history,
    reshaped(history.present, id, (points) => points.filter((_, at) => at !== index)),
  )
}
