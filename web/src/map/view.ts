// SPDX-License-Identifier: Apache-2.0
/** How far a slide's view may go: from a stamp of it to eight screen pixels per stored one. */

import View from 'ol/View'

import { mppAt, type Point } from '../dicom/geometry'
import type { Pyramid } from '../dicom/pyramid'
import { slideExtent, slideProjection } from './grid'

const CLOSEST = 1 / 8
/** The whole slide may shrink to this many pixels, or to 1x where that is smaller. */
const SMALLEST_PX = 160

/** Something to go to; what is left out stays as it is. */
export interface Target {
  readonly centre?: Point
  readonly downsample?: number
  /** Clockwise, as the slide is turned before it is mirrored. */
  readonly rotation?: number
}

/** A view that keeps its centre on the slide. */
export function slideView(pyramid: Pyramid): View {
  const { width, height } = pyramid.size
  const single = pyramid.mpp ? mppAt(1) / pyramid.mpp : 1
  return new View({
    projection: slideProjection(pyramid),
    extent: slideExtent(pyramid),
    constrainOnlyCenter: true,
    smoothExtentConstraint: false,
    smoothResolutionConstraint: false,
    minResolution: CLOSEST,
    maxResolution: Math.max(1, single, Math.max(width, height) / SMALLEST_PX),
    constrainRotation: false,
    enableRotation: true,
  })
}

/** A view that follows another slide's, beyond this one's edge and to any scale. */
export function freeView(pyramid: Pyramid): View {
  return new View({
    projection: slideProjection(pyramid),
    smoothResolutionConstraint: false,
    minResolution: CLOSEST / 8,
    maxResolution: 16 * Math.max(pyramid.size.width, pyramid.size.height),
    constrainRotation: false,
    enableRotation: true,
  })
}
