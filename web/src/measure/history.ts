// SPDX-License-Identifier: Apache-2.0
/** The measures of a slide with what they were before: each change can be undone and done again. */

import type { Point } from '../dicom/geometry'
import { LEAST_POINTS, type Shape } from './geometry'

export interface History {
  readonly shapes: readonly Shape[]
  readonly past: readonly (readonly Shape[])[]
  readonly future: readonly (readonly Shape[])[]
}

export const EMPTY: History = { shapes: [], past: [], future: [] }

/** Changes kept. */
const MOST_PAST = 100

/** A new state of the measures. */
export function changed({ shapes, past }: History, now: readonly Shape[]): History {
  return { shapes: now, past: [...past, shapes].slice(-MOST_PAST), future: [] }
}

export function undone({ shapes, past, future }: History): History {
  const before = past.at(-1)
  if (!before) return { shapes, past, future }
  return { shapes: before, past: past.slice(0, -1), future: [shapes, ...future] }
}

export function redone({ shapes, past, future }: History): History {
  const [next, ...later] = future
  return next ? { shapes: next, past: [...past, shapes], future: later } : { shapes, past, future }
}

/** One more, with a number of its own. */
export function added(history: History, shape: Omit<Shape, 'id'>): History {
  const id = 1 + Math.max(0, ...history.shapes.map((known) => known.id))
  return changed(history, [...history.shapes, { ...shape, id }])
}

export function removed(history: History, id: number): History {
  return changed(
    history,
    history.shapes.filter((shape) => shape.id !== id),
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
export function withoutPoint(history: History, id: number, index: number): History {
  const shape = history.shapes.find((known) => known.id === id)
  if (!shape || shape.points.length <= LEAST_POINTS[shape.kind]) return history
  return changed(
    history,
    reshaped(history.shapes, id, (points) => points.filter((_, at) => at !== index)),
  )
}
