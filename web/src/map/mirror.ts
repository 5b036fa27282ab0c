// SPDX-License-Identifier: Apache-2.0
/**
 * A map that can be seen in a mirror: its layers are flipped left to right by the style sheet
 * (`data-mirrored`), and pointers are flipped back, so that all else keeps to the slide's own
 * coordinates. Letters that a layer draws have to be flipped by the layer.
 */

import PinchRotate from 'ol/interaction/PinchRotate'
import { centroid } from 'ol/interaction/Pointer'
import OlMap from 'ol/Map'
import type MapBrowserEvent from 'ol/MapBrowserEvent'
import type { Pixel } from 'ol/pixel'

type Place = UIEvent | { readonly clientX: number; readonly clientY: number }

export class MirrorMap extends OlMap {
  get mirrored(): boolean {
    return this.getViewport()?.dataset.mirrored === 'true'
  }

  set mirrored(mirrored: boolean) {
    const viewport = this.getViewport()
    if (viewport) viewport.dataset.mirrored = String(mirrored)
    this.render()
  }

  override getEventPixel(event: Place): Pixel {
    const pixel = super.getEventPixel(event)
    const [x = 0, y = 0] = pixel
    return this.mirrored ? [(this.getSize()?.[0] ?? 0) - x, y] : pixel
  }
}

/** Whether what a map shows is mirrored. */
export function isMirrored(map: OlMap): boolean {
  return map instanceof MirrorMap && map.mirrored
}

/** Two fingers turn the slide as they see it turn, mirrored or not. */
export class MirrorPinchRotate extends PinchRotate {
  override handleDragEvent(event: MapBrowserEvent): void {
    const view = event.map.getView()
    const before = view.getRotation()
    super.handleDragEvent(event)
    const turned = view.getRotation() - before
    if (turned === 0 || !isMirrored(event.map)) return
    const middle = event.map.getEventPixel(centroid(this.targetPointers))
    view.adjustRotation(-2 * turned, event.map.getCoordinateFromPixel(middle))
  }
}
