// SPDX-License-Identifier: Apache-2.0
/** How far a slide's view may go: from a stamp of it to eight screen pixels per stored one. */

import View from 'ol/View'

import { mppAt } from '../dicom/geometry'
import type { Pyramid } from '../dicom/pyramid'
import { slideExtent, slideProjection } from './grid'

const CLOSEST = 1 / 8
/** The whole slide may shrink to this many pixels, or to 1x where that is smaller. */
const SMALLEST_PX = 160

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
