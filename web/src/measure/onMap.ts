// SPDX-License-Identifier: Apache-2.0
/** Measures on a map: their layer, the pointer that draws and changes them, and keys for the same. */

import { effect, type ReadonlySignal } from '@preact/signals'
import Layer from 'ol/layer/Layer'
import type { FrameState } from 'ol/Map'

import type { Standing } from '../map/attachments'
import { isMirrored } from '../map/mirror'
import { drawMeasures } from './draw'
import { listenForKeys } from './keys'
import { MeasurePointer } from './pointer'
import { draft, history, measuring, selected, tool } from './store'

/** Put measures on a map; returns the function that takes them off. */
export function putOnMap({ map, slide }: Standing): () => void {
  const canvas = document.createElement('canvas')
  canvas.className = 'ol-layer measures'
  const pointer = new MeasurePointer()
  const render = (frame: FrameState): HTMLElement => {
    fit(canvas, frame)
    drawMeasures(canvas, {
      ...{ frame, mpp: slide.pyramid.mpp, mirrored: isMirrored(map), letters: lettersOf(map) },
      ...{ shapes: history.value.present, selected: measuring.value ? selected.value : null },
      draft: tool.value && draft.value.length > 0 ? [...draft.value, ...pointer.ahead()] : [],
      kind: tool.value,
      aim: pointer.byKeys && measuring.value ? pointer.ahead()[0] : undefined,
    })
    return canvas
  }
  const layer = new Layer({ render, zIndex: 20 })
  map.addLayer(layer)
  map.addInteraction(pointer)
  const stopKeys = listenForKeys(map, pointer)
  const element = map.getTargetElement()
  const stops = [history, draft, selected].map((each: ReadonlySignal) =>
    each.subscribe(() => {
      map.render()
    }),
  )
  const stopCursor = effect(() => {
    if (element) element.dataset.tool = measuring.value ? (tool.value ?? 'select') : ''
  })
  return () => {
    stopCursor()
    stops.forEach((stop) => {
      stop()
    })
    stopKeys()
    map.removeInteraction(pointer)
    map.removeLayer(layer)
  }
}

/** How much larger letters and lines are wanted than on the screen, for a picture to keep. */
function lettersOf(map: Standing['map']): number {
  const wanted: unknown = map.get('letters')
  return typeof wanted === 'number' ? wanted : 1
}

function fit(canvas: HTMLCanvasElement, { size: [width = 0, height = 0], pixelRatio }: FrameState) {
  const [columns, rows] = [Math.round(width * pixelRatio), Math.round(height * pixelRatio)]
  if (canvas.width !== columns) canvas.width = columns
  if (canvas.height !== rows) canvas.height = rows
}
