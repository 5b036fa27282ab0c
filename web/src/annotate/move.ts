// SPDX-License-Identifier: Apache-2.0
/** Dragging what is selected to another place. */

import type { Coordinate } from 'ol/coordinate'
import PointerInteraction from 'ol/interaction/Pointer'
import type MapBrowserEvent from 'ol/MapBrowserEvent'
import type VectorSource from 'ol/source/Vector'

interface Moves {
  readonly source: VectorSource
  /** How near, in screen pixels, a line or point has to be. */
  readonly tolerance: number
  readonly condition: (event: MapBrowserEvent) => boolean
  readonly onStart: () => void
  readonly onEnd: () => void
}

export function moving({
  source,
  tolerance,
  condition,
  onStart,
  onEnd,
}: Moves): PointerInteraction {
  let last: Coordinate = []
  let begun = false
  return new PointerInteraction({
    handleDownEvent: (event) => {
      const near = tolerance * (event.map.getView().getResolution() ?? 1)
      if (!condition(event) || !isAt(source, event.coordinate, near)) return false
      last = event.coordinate
      begun = false
      return true
    },
    handleDragEvent: ({ coordinate }) => {
      if (!begun) onStart()
      begun = true
      const [dx, dy] = [0, 1].map((axis) => (coordinate[axis] ?? 0) - (last[axis] ?? 0))
      for (const feature of source.getFeatures()) feature.getGeometry()?.translate(dx ?? 0, dy ?? 0)
      last = coordinate
    },
    handleUpEvent: () => {
      if (begun) onEnd()
      return false
    },
  })
}

function isAt(source: VectorSource, at: Coordinate, near: number): boolean {
  const [x = 0, y = 0] = at
  return source.getFeatures().some((feature) => {
    const geometry = feature.getGeometry()
    if (!geometry) return false
    const [nearX = Infinity, nearY = Infinity] = geometry.getClosestPoint(at)
    return geometry.intersectsCoordinate(at) || Math.hypot(nearX - x, nearY - y) <= near
  })
}
