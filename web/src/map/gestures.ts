// SPDX-License-Identifier: Apache-2.0
/**
 * One gesture, one meaning: drag pans, wheel and pinch zoom at the pointer, right or shift drag
 * turns, double click goes to the next preset. Keys are the page's (`ui/keyboard.ts`).
 */

import DragPan from 'ol/interaction/DragPan'
import Interaction from 'ol/interaction/Interaction'
import MouseWheelZoom from 'ol/interaction/MouseWheelZoom'
import PinchRotate from 'ol/interaction/PinchRotate'
import PinchZoom from 'ol/interaction/PinchZoom'
import type MapBrowserEvent from 'ol/MapBrowserEvent'

import type { Point } from '../dicom/geometry'
import { dragTurn } from './dragTurn'

/** The interactions of a slide's map. */
export function gestures(onDoubleClick: (at: Point) => void): Interaction[] {
  return [
    new DragPan(),
    new MouseWheelZoom({ duration: 100 }),
    new PinchZoom(),
    new PinchRotate(),
    dragTurn(),
    new Interaction({ handleEvent: (event) => doubleClick(event, onDoubleClick) }),
  ]
}

function doubleClick(event: MapBrowserEvent, act: (at: Point) => void): boolean {
  if (event.type !== 'dblclick') return true
  const [x = 0, y = 0] = event.coordinate
  act({ x, y: -y })
  return false
}
