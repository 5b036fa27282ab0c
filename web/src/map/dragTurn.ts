// SPDX-License-Identifier: Apache-2.0
/** Turning the slide about the screen's centre: drag with the right button, or with shift or alt. */

import { altKeyOnly, mouseActionButton, shiftKeyOnly } from 'ol/events/condition'
import PointerInteraction from 'ol/interaction/Pointer'
import type MapBrowserEvent from 'ol/MapBrowserEvent'

const RIGHT_BUTTON = 2

export function dragTurn(): PointerInteraction {
  let last = 0
  return new PointerInteraction({
    handleDownEvent: (event) => {
      if (!asksToTurn(event)) return false
      last = angleOf(event)
      event.map.getView().beginInteraction()
      return true
    },
    handleDragEvent: (event) => {
      const angle = angleOf(event)
      event.map.getView().adjustRotation(angle - last)
      last = angle
    },
    handleUpEvent: (event) => {
      event.map.getView().endInteraction(0)
      return false
    },
  })
}

function asksToTurn(event: MapBrowserEvent): boolean {
  const { originalEvent } = event
  const right = originalEvent instanceof PointerEvent && originalEvent.button === RIGHT_BUTTON
  return right || (mouseActionButton(event) && (shiftKeyOnly(event) || altKeyOnly(event)))
}

/** Clockwise angle of the pointer, seen from the middle of the screen, in radians. */
function angleOf({ map, pixel }: MapBrowserEvent): number {
  const [width = 0, height = 0] = map.getSize() ?? []
  const [x = 0, y = 0] = pixel
  return Math.atan2(y - height / 2, x - width / 2)
}
