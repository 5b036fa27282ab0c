// SPDX-License-Identifier: Apache-2.0
/** The name of the annotation under a pointer that rests on it. */

import type OlMap from 'ol/Map'
import { unByKey } from 'ol/Observable'

import { isMirrored } from '../map/mirror'
import { pointed, type Stage } from './interact'
import { summary, tool, worker } from './store'

/** Show names; returns the function that ends it. */
export function hoverName(stage: Stage): () => void {
  const { map } = stage
  const name = document.createElement('div')
  name.className = 'annotation-name'
  name.hidden = true
  map.getOverlayContainer()?.append(name)
  let asked = false
  let latest: readonly number[] = []
  const ask = async (): Promise<void> => {
    asked = true
    for (let pixel = latest; ; pixel = latest) {
      const at = pointed(stage, map.getCoordinateFromPixel([...pixel]))
      const found = await worker.value?.call('hit', at)
      if (pixel !== latest) continue
      tell(name, found?.label ?? '', onScreen(map, pixel))
      map.getViewport()?.classList.toggle('over-annotation', !!found && tool.value === null)
      break
    }
    asked = false
  }
  const key = map.on('pointermove', (event) => {
    latest = event.pixel
    const idle = event.dragging || summary.value.count === 0
    if (idle || (tool.value !== null && tool.value !== 'edit')) name.hidden = true
    else if (!asked) void ask()
  })
  return () => {
    unByKey(key)
    name.remove()
  }
}

/** A place of the map as it is seen, in a mirror or not. */
function onScreen(map: OlMap, [x = 0, y = 0]: readonly number[]): [number, number] {
  return [isMirrored(map) ? (map.getSize()?.[0] ?? 0) - x : x, y]
}

function tell(name: HTMLElement, label: string, [x = 0, y = 0]: readonly number[]): void {
  name.textContent = label
  name.hidden = label === ''
  name.style.translate = `${x + 14}px ${y + 14}px`
}
