// SPDX-License-Identifier: Apache-2.0
/**
 * An annotation as drawn here, apart from any format: a shape in level-0 pixels with a label, a
 * colour and a note. It is written as a GeoJSON feature whose coordinates are those pixels.
 *
 * To DICOM, later: a bulk annotation (PS3.3 C.37.1) in 2D takes the coordinates as they are, on
 * the level-0 instance with Pixel Origin Interpretation VOLUME; in 3D, and for SCOORD3D of TID 1500,
 * a pixel (x, y) becomes
 * `origin + x · spacing[column] · row cosines + y · spacing[row] · column cosines` (millimetres),
 * with the Total Pixel Matrix Origin and Image Orientation (Slide) of level 0, less half a pixel:
 * there the origin is the middle of the first pixel, here its corner. A shape with the form
 * `ellipse` has its axes at the first point and at the first, second and third quarter of its ring;
 * one with the form `rectangle` has its four corners.
 */

import type { Shape } from '../vector/shape'

export const FORMS = ['rectangle', 'ellipse'] as const
export type Form = (typeof FORMS)[number]

/** What an annotation says. */
export interface Words {
  readonly label: string
  /** `#rrggbb`. */
  readonly colour: string
  readonly note: string
}

export interface Drawn extends Words {
  readonly shape: Shape
  /** What was drawn, where the shape still is that. */
  readonly form: Form | null
}

export interface Annotation extends Drawn {
  readonly id: number
}

/** One annotation before or after: `null` where there is none. */
export interface Change {
  readonly id: number
  readonly after: Annotation | null
}

/** A line of the list. */
export interface Row extends Words {
  readonly id: number
  /** `point`, `line`, `polygon`, `rectangle` or `ellipse`. */
  readonly kind: Shape['kind'] | Form
  readonly hidden: boolean
}

/** What the page knows of all annotations of a slide. */
export interface Summary {
  /** Counts up with every change. */
  readonly revision: number
  readonly count: number
  readonly canUndo: boolean
  readonly canRedo: boolean
  readonly allHidden: boolean
  /** Why they are not kept over a reload; empty where they are. */
  readonly notKept: string
}
