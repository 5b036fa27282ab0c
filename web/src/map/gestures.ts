// SPDX-License-Identifier: Apache-2.0
/**
 * One gesture, one meaning: drag pans, wheel and pinch zoom at the pointer, right or shift drag
 * turns, double click goes to the next preset, a click to its place where the reader likes that.
 * Keys are the page's (`ui/keyboard.ts`).
 */

import DragPan from 'ol/interaction/DragPan'
import Interaction from 'ol/interaction/Interaction'
import MouseWheelZoom from 'ol/interaction/MouseWheelZoom'
import PinchZoom from 'ol/interaction/PinchZoom'
import Kinetic from 'ol/Kinetic'
import type MapBrowserEvent from 'ol/MapBrowserEvent'

import type { Point } from '../dicom/geometry'
import { clickCentres, kinetic } from '../navigate/settings'
import { dragTurn } from './dragTurn'
import { MirrorPinchRotate } from './mirror'

/** What clicks do, by the place on the slide. */
export interface Clicks {
  readonly onDoubleClick: (at: Point) => void
  readonly onClick: (at: Point) => void
}

/** The interactions of a slide's map. */
export function gestures({ onDoubleClick, onClick }: Clicks): Interaction[] {
  return [
    new Interaction({
      handleEvent: (event) => {
        const isDrawing = Boolean(event.map.getViewport()?.dataset.tool)
        if (event.type === 'singleclick' && clickCentres.value && !isDrawing)
          onClick(placeOf(event))
        return true
      },
    }),
    new DragPan({ kinetic: new Glide() }),
    new MouseWheelZoom({ duration: 100 }),
    new PinchZoom(),
    new MirrorPinchRotate(),
    dragTurn(),
    new Interaction({ handleEvent: (event) => doubleClick(event, onDoubleClick) }),
  ]
}

/** The slide glides on after a drag, unless the reader chose or the system asks otherwise. */
class Glide extends Kinetic {
  constructor() {
    super(-0.006, 0.08, 90)
  }

  override end(): boolean {
    return kinetic.value && !stillness.matches && super.end()
  }
}

/** Whether the reader wants nothing to move by itself. */
export const stillness = matchMedia('(prefers-reduced-motion: reduce)')

function doubleClick(event: MapBrowserEvent, act: (at: Point) => void): boolean {
  if (event.type !== 'dblclick') return true
  act(placeOf(event))
  return false
}

function placeOf({ coordinate }: MapBrowserEvent): Point {
  const [x = 0, y = 0] = coordinate
  return { x, y: -y }
}
