// SPDX-License-Identifier: Apache-2.0
/**
 * Views that move together. All lengths are in micrometres of glass (pixels where a slide is not
 * calibrated); an alignment takes places of a slide to places of the first one, the plane.
 */

import type { Point, Size, Viewed } from '../dicom/geometry'
import {
  applied,
  composed,
  IDENTITY,
  inverted,
  linear,
  nearest,
  ofSimilar,
  stretch,
  taking,
  type Affine,
  type Similar,
} from './affine'

/** What a pane shows: its centre, micrometres per pixel of the screen, turn and mirror. */
export interface PlaneView {
  readonly centre: Point
  readonly scale: number
  /** Radians, clockwise, before it is mirrored. */
  readonly turn: number
  readonly mirrored: boolean
}

/** How an aligned slide lies on the first one. */
export interface Offset extends Similar {
  /** Micrometres from where the middles of both would meet. */
  readonly shift: Point
  /** See `stretch`. */
  readonly stretch: number
}

/** The view of a slide when the plane is viewed; what is not a similarity is left out. */
export function viewThrough(alignment: Affine, plane: PlaneView): PlaneView {
  const centre = applied(inverted(alignment), plane.centre)
  return viewOf(composed(toScreen(plane), linear(alignment)), centre)
}

/** The view of the plane when a slide is viewed: the inverse of `viewThrough`. */
export function planeThrough(alignment: Affine, view: PlaneView): PlaneView {
  const kept = inverted(ofSimilar(nearest(alignment)))
  return viewOf(composed(toScreen(view), kept), applied(alignment, view.centre))
}

/**
 * The alignment by which a slide is seen where and turned as it is now, while the plane is viewed:
 * the offset that is kept. Its size and shape stay as they were aligned.
 */
export function realigned(alignment: Affine, plane: PlaneView, now: PlaneView): Affine {
  const screen = toScreen(plane)
  const seen = nearest(composed(screen, linear(alignment)))
  const wanted = ofSimilar({
    scale: seen.scale,
    turn: now.turn,
    mirrored: now.mirrored,
  })
  const change = composed(composed(inverted(screen), wanted), inverted(ofSimilar(seen)))
  const part = composed(composed(change, screen), linear(alignment))
  return taking(part, now.centre, plane.centre)
}

/** What the picture of a slide still has to be changed by, about the screen's centre, to lie exactly. */
export function remainder(alignment: Affine, plane: PlaneView): Affine {
  const exact = composed(toScreen(plane), linear(alignment))
  return composed(exact, inverted(ofSimilar(nearest(exact))))
}

/** How an alignment differs from middles laid on each other. */
export function offsetOf(alignment: Affine, middle: Point, firstMiddle: Point): Offset {
  const { x, y } = applied(alignment, middle)
  const { scale, turn, mirrored } = nearest(alignment)
  return {
    ...{ scale, turn, mirrored, stretch: stretch(alignment) },
    shift: { x: x - firstMiddle.x, y: y - firstMiddle.y },
  }
}

/** Middles on each other, upright, at a size. */
export function centred(middle: Point, firstMiddle: Point, scale = 1): Affine {
  return taking({ ...IDENTITY, a: scale, d: scale }, middle, firstMiddle)
}

/** Micrometres per level-0 pixel of a slide, and 1 where that is not known. */
export function unitOf(mpp: number | null): number {
  return mpp ?? 1
}

export function viewFrom(viewed: Viewed, unit: number): PlaneView {
  return {
    centre: { x: viewed.centre.x * unit, y: viewed.centre.y * unit },
    scale: viewed.downsample * unit,
    turn: viewed.rotation,
    mirrored: viewed.mirrored ?? false,
  }
}

/** Whether two views are the same but for what an address rounds. */
export function isNear(one: PlaneView, other: PlaneView | null): boolean {
  if (other?.mirrored !== one.mirrored) return false
  const pixels = Math.hypot(one.centre.x - other.centre.x, one.centre.y - other.centre.y)
  const turned = Math.abs(Math.sin((one.turn - other.turn) / 2))
  return pixels < 0.1 * one.scale && turned < 1e-3 && Math.abs(one.scale / other.scale - 1) < 1e-6
}

/** Where a place of a slide, in micrometres, is on its pane. */
export function screenPlace(view: PlaneView, place: Point, screen: Size): Point {
  const away = { x: place.x - view.centre.x, y: place.y - view.centre.y }
  const { x, y } = applied(toScreen(view), away)
  return { x: x + screen.width / 2, y: y + screen.height / 2 }
}

/** Micrometres to pixels of the screen, about its centre. */
function toScreen({ scale, turn, mirrored }: PlaneView): Affine {
  return ofSimilar({ scale: 1 / scale, turn, mirrored })
}

function viewOf(screen: Affine, centre: Point): PlaneView {
  const { scale, turn, mirrored } = nearest(screen)
  return { centre, scale: 1 / scale, turn, mirrored }
}
