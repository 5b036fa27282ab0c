// SPDX-License-Identifier: Apache-2.0
/** The size and shape of a slide's pixels. */

import type { Slide } from '../dicom/slide'
import type { Ruler } from './parse'

export function rulerOf({ pyramid }: Slide): Ruler {
  return { mpp: pyramid.mpp, aspect: pyramid.levels[0].downsampleDown }
}
