// SPDX-License-Identifier: Apache-2.0
/**
 * A map that can be seen in a mirror: its layers are flipped left to right by the style sheet
 * (`data-mirrored`), and pointers are flipped back, so that all else keeps to the slide's own
 * coordinates. Letters that a layer draws have to be flipped by the layer.
 */

import type BaseEvent from 'ol/events/Event'
import PinchRotate from 'ol/interaction/PinchRotate'
import { centroid } from 'ol/interaction/Pointer'
import OlMap from 'ol/Map'
import type MapBrowserEvent from 'ol/MapBrowserEvent'
import type { Pixel } from 'ol/pixel'
import RenderEvent from 'ol/render/Event'
import type View from 'ol/View'

type Place = UIEvent | { readonly clientX: number; readonly clientY: number }

/** What is not told of a view that is not the reader's. */
const OF_THE_VIEW: readonly string[] = ['loadstart', 'moveend', 'rendercomplete']

/** What a borrower of the map is told: the view of which every tile is drawn. */
export type Drawn = (of: View) => void

export class MirrorMap extends OlMap {
  private borrower: { readonly view: View; readonly drawn: Drawn } | null = null

  /**
   * Let another view be drawn by the same layers for a while; nobody else is told of it. Returns
   * the function that gives the map back.
   */
  lend(view: View, drawn: Drawn): () => void {
    if (this.borrower) throw new Error('the map is lent already')
    const [own, mirrored] = [this.getView(), this.mirrored]
    this.borrower = { view, drawn }
    this.setView(view)
    return () => {
      this.borrower = null
      this.mirrored = mirrored
      this.setView(own)
    }
  }

  override dispatchEvent(event: BaseEvent | string): boolean | undefined {
    const type = typeof event === 'string' ? event : event.type
    if (!this.borrower || !OF_THE_VIEW.includes(type)) return super.dispatchEvent(event)
    const { view, drawn } = this.borrower
    if (event instanceof RenderEvent && type === 'rendercomplete' && isOf(event, view)) drawn(view)
    return undefined
  }

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

/** Whether what was drawn is where the view is now, not where it was before. */
function isOf({ frameState }: RenderEvent, view: View): boolean {
  if (!frameState) return false
  const { center, resolution, rotation } = frameState.viewState
  return (
    String(center) === String(view.getCenter()) &&
    resolution === view.getResolution() &&
    rotation === view.getRotation()
  )
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
