// SPDX-License-Identifier: Apache-2.0
/**
 * From pixels to the slide and back (PS3.3 C.7.6.16.2.1 and C.8.12.9): where two images of one
 * frame of reference lie on each other. Positions in pixels are from the corner of the first pixel;
 * DICOM's origin is its middle.
 */

import { item, items, number, numbers, type DataSet } from '../dicom/json'

/** As a canvas has it: `x' = a x + c y + e`, `y' = b x + d y + f`. */
export interface Affine {
  readonly a: number
  readonly b: number
  readonly c: number
  readonly d: number
  readonly e: number
  readonly f: number
}

export const IDENTITY: Affine = { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 }

/** First `inner`, then `outer`. */
export function after(outer: Affine, inner: Affine): Affine {
  return {
    a: outer.a * inner.a + outer.c * inner.b,
    b: outer.b * inner.a + outer.d * inner.b,
    c: outer.a * inner.c + outer.c * inner.d,
    d: outer.b * inner.c + outer.d * inner.d,
    ...applied(outer, inner.e, inner.f),
  }
}

function applied({ a, b, c, d, e, f }: Affine, x: number, y: number): { e: number; f: number } {
  return { e: a * x + c * y + e, f: b * x + d * y + f }
}

/** Where a point goes. */
export function placed(affine: Affine, x: number, y: number): [number, number] {
  const { e, f } = applied(affine, x, y)
  return [e, f]
}

export function inverse({ a, b, c, d, e, f }: Affine): Affine | null {
  const determinant = a * d - b * c
  if (determinant === 0) return null
  const [p, q, r, s] = [d, -b, -c, a].map((value) => value / determinant) as [
    number,
    number,
    number,
    number,
  ]
  return { a: p, b: q, c: r, d: s, e: -(p * e + r * f), f: -(q * e + s * f) }
}

/** From an image's pixels to millimetres on the slide; `null` where the image does not say. */
export function toSlide(image: DataSet): Affine | null {
  const origin = item(image, 'TotalPixelMatrixOriginSequence')
  const [x, y] = [
    number(origin, 'XOffsetInSlideCoordinateSystem'),
    number(origin, 'YOffsetInSlideCoordinateSystem'),
  ]
  const cosines = numbers(image, 'ImageOrientationSlide')
  const [down, right] = spacing(image)
  if (x === null || y === null || cosines.length !== 6 || !down || !right) return null
  const [rowX = 0, rowY = 0, , columnX = 0, columnY = 0] = cosines
  const [a, b, c, d] = [rowX * right, rowY * right, columnX * down, columnY * down]
  // The middle of the first pixel, at (0.5, 0.5), is the origin.
  return { a, b, c, d, e: x - (a + c) / 2, f: y - (b + d) / 2 }
}

/** Pixel Spacing, rows first, from where the standard has it. */
function spacing(image: DataSet): number[] {
  const groups = ['SharedFunctionalGroupsSequence', 'PerFrameFunctionalGroupsSequence'] as const
  for (const group of groups) {
    const measures = item(items(image, group)[0] ?? {}, 'PixelMeasuresSequence')
    const found = numbers(measures, 'PixelSpacing')
    if (found.length === 2) return found
  }
  return []
}

/** From an image's pixels to those of another; `null` where either does not say where it lies. */
export function between(image: DataSet, base: DataSet): Affine | null {
  const [from, to] = [toSlide(image), toSlide(base)]
  const back = to && inverse(to)
  return from && back ? after(back, from) : null
}
