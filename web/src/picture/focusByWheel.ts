// SPDX-License-Identifier: Apache-2.0
/** Focusing: the wheel with the control or alt key goes through the focal planes. */

import Interaction from 'ol/interaction/Interaction'
import type MapBrowserEvent from 'ol/MapBrowserEvent'

import type { Pyramid } from '../dicom/pyramid'
import { focus } from './sheets'

/** Of a smooth wheel, the way that makes a plane, in pixels. */
const STEP_PX = 50

/** An interaction that goes through the planes of a slide. */
export function focusByWheel(pyramid: Pyramid): Interaction {
  let turned = 0
  return new Interaction({
    handleEvent: (event: MapBrowserEvent) => {
      const wheel = event.originalEvent
      if (!(wheel instanceof WheelEvent) || !(wheel.ctrlKey || wheel.altKey)) return true
      wheel.preventDefault()
      const isLines = wheel.deltaMode !== WheelEvent.DOM_DELTA_PIXEL
      turned += isLines ? Math.sign(wheel.deltaY) * STEP_PX : wheel.deltaY
      const steps = Math.trunc(turned / STEP_PX)
      turned -= steps * STEP_PX
      // A notch of a wheel is one plane, however far it says that it went; away means higher.
      if (steps !== 0) focus(pyramid, -Math.sign(steps))
      return false
    },
  })
}
