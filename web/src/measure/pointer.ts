// SPDX-License-Identifier: Apache-2.0
/**
 * Drawing and changing measures with the pointer: a click sets a point, another one there (a
 * double click) ends a path or an area; points are dragged, a drag of a side puts a new point there. A drag elsewhere moves
 * the slide, as ever.
 */

import PointerInteraction from 'ol/interaction/Pointer'
import type MapBrowserEvent from 'ol/MapBrowserEvent'

import type { Point } from '../dicom/geometry'
import { distance, LEAST_POINTS, POINTS } from './geometry'
import { done } from '../history'
import { reshaped, type Measures } from './history'
import { hit, type Hit } from './hit'
import { draft, history, keepDraft, measuring, selected, setHistory, tool } from './store'

const REACH_PX = 9
/** A click so near the last point, such as the second of a double click, ends the shape. */
const SAME_PX = 4

export class MeasurePointer extends PointerInteraction {
  /** Whether points are set by keys, in the middle of the screen. */
  byKeys = false
  private at: Point | null = null
  /** What is dragged, and the measures before. */
  private dragged: { readonly hit: Hit; readonly before: Measures } | null = null

  /** The point that would be set now. */
  ahead(): readonly Point[] {
    const middle = this.getMap()?.getView().getCenter()
    if (this.byKeys && middle) return [{ x: middle[0] ?? 0, y: -(middle[1] ?? 0) }]
    return this.at ? [this.at] : []
  }

  override handleEvent(event: MapBrowserEvent): boolean {
    if (!measuring.value) return true
    if (event.type === 'pointermove') this.hover(event)
    if (event.type === 'click') return this.click(event)
    if (event.type === 'dblclick' || event.type === 'singleclick') return tool.value === null
    return super.handleEvent(event)
  }

  override handleDownEvent(event: MapBrowserEvent): boolean {
    const pressed = event.originalEvent
    if (draft.value.length > 0 || !(pressed instanceof PointerEvent) || pressed.button !== 0)
      return false
    const found = hit(history.value.present, pointOf(event), REACH_PX * resolutionOf(event))
    if (!found || (found.vertex === null && (found.edge === null || tool.value))) return false
    this.dragged = { hit: found, before: history.value }
    return true
  }

  override handleDragEvent(event: MapBrowserEvent): void {
    if (!this.dragged) return
    const { hit: of, before } = this.dragged
    const moved = (points: readonly Point[]): readonly Point[] =>
      of.vertex === null
        ? points.toSpliced((of.edge ?? 0) + 1, 0, pointOf(event))
        : points.with(of.vertex, pointOf(event))
    selected.value = of.id
    setHistory(done(before, reshaped(before.present, of.id, moved)))
  }

  override handleUpEvent(): boolean {
    this.dragged = null
    return false
  }

  /** Set a point; the shape is kept once it is whole. */
  setPoint(point: Point): void {
    const kind = tool.value
    if (!kind) return
    const points = [...draft.value, point]
    if (points.length === POINTS[kind]) keepDraft(kind, points)
    else draft.value = points
  }

  /** End a shape of any number of points. */
  finish(): void {
    const kind = tool.value
    if (!kind || draft.value.length < LEAST_POINTS[kind]) return
    keepDraft(kind, draft.value)
  }

  private hover(event: MapBrowserEvent): void {
    this.byKeys = false
    this.at = pointOf(event)
    if (draft.value.length > 0) event.map.render()
  }

  private click(event: MapBrowserEvent): boolean {
    const point = pointOf(event)
    const reach = resolutionOf(event)
    if (!tool.value) {
      selected.value = hit(history.value.present, point, REACH_PX * reach)?.id ?? null
      return true
    }
    const last = draft.value.at(-1)
    const [first] = draft.value
    const isClosing = tool.value === 'area' && draft.value.length >= LEAST_POINTS.area
    const isAgain = last !== undefined && distance(last, point) <= SAME_PX * reach
    if (isClosing && first && distance(first, point) <= REACH_PX * reach) this.finish()
    else if (isAgain) this.finish()
    else this.setPoint(point)
    return false
  }
}

function pointOf({ coordinate }: MapBrowserEvent): Point {
  const [x = 0, y = 0] = coordinate
  return { x, y: -y }
}

function resolutionOf({ map }: MapBrowserEvent): number {
  return map.getView().getResolution() ?? 1
}
