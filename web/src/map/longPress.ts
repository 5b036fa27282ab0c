// SPDX-License-Identifier: Apache-2.0
/**
 * What a mouse tells by hovering, a finger tells by a long press: the place below it, and why a
 * tile is hatched. It stays until the next touch.
 */

import Interaction from 'ol/interaction/Interaction'
import type OlMap from 'ol/Map'

import { attach } from './attachments'
import { pointAt } from './pointer'

const LONG_MS = 500
/** A finger trembles by so much. */
const STILL_PX = 10

class LongPress {
  private timer: ReturnType<typeof setTimeout> | undefined
  private pressed: PointerEvent | null = null
  private isLong = false

  constructor(private readonly map: OlMap) {}

  readonly down = (event: PointerEvent): void => {
    this.end()
    this.isLong = false
    this.pressed = event.pointerType === 'touch' && event.isPrimary ? event : null
    if (!this.pressed) return
    this.timer = setTimeout(() => {
      this.isLong = true
      pointAt(this.map, event)
    }, LONG_MS)
  }

  readonly moved = ({ clientX, clientY }: PointerEvent): void => {
    if (!this.pressed) return
    const far = Math.hypot(clientX - this.pressed.clientX, clientY - this.pressed.clientY)
    if (far > STILL_PX) this.end()
  }

  /** The finger is gone, and what it told with it; of a long press that is told again. */
  readonly left = (): void => {
    this.end()
    if (this.isLong && this.pressed) pointAt(this.map, this.pressed)
  }

  end(): void {
    clearTimeout(this.timer)
  }

  /** What ends a long press is no click. */
  readonly taken = new Interaction({
    handleEvent: ({ type }) => !(this.isLong && (type === 'click' || type === 'singleclick')),
  })
}

attach(({ map }) => {
  const press = new LongPress(map)
  const listeners = { pointerdown: press.down, pointermove: press.moved, pointerleave: press.left }
  const viewport = map.getViewport()
  for (const [type, listener] of Object.entries(listeners))
    viewport?.addEventListener(type, listener as EventListener)
  map.addInteraction(press.taken)
  return () => {
    press.end()
    map.removeInteraction(press.taken)
    for (const [type, listener] of Object.entries(listeners))
      viewport?.removeEventListener(type, listener as EventListener)
  }
})
