// SPDX-License-Identifier: Apache-2.0
/** Where the pointer is on the slide, and what is said of a hatched tile below it. */

import { signal } from '@preact/signals'
import type OlMap from 'ol/Map'

import type { Point } from '../dicom/geometry'
import { attach } from './attachments'
import { currentMap } from './current'

/** The pointer's place in level-0 pixels; `null` where it is not on the map. */
export const pointer = signal<Point | null>(null)

/** Why the tile below the pointer is hatched, and where to say so on the page. */
export interface TileHint {
  readonly reason: string
  readonly left: number
  readonly top: number
}

export const tileHint = signal<TileHint | null>(null)

/** Say what is below a pointer. */
export function pointAt(map: OlMap, event: PointerEvent): void {
  const coordinate = map.getEventCoordinate(event)
  const [x = 0, y = 0] = coordinate
  pointer.value = { x, y: -y }
  const reason = currentMap.value?.gapAt(coordinate) ?? null
  tileHint.value = reason === null ? null : { reason, left: event.clientX, top: event.clientY }
}

attach(({ map }) => {
  const viewport = map.getViewport()
  const moved = (event: PointerEvent): void => {
    pointAt(map, event)
  }
  const left = (): void => {
    pointer.value = null
    tileHint.value = null
  }
  viewport?.addEventListener('pointermove', moved)
  viewport?.addEventListener('pointerleave', left)
  return () => {
    viewport?.removeEventListener('pointermove', moved)
    viewport?.removeEventListener('pointerleave', left)
    left()
  }
})
