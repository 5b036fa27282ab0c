// SPDX-License-Identifier: Apache-2.0
/** Annotations on the map: the layer that the worker paints, and what is selected, over it. */

import { effect } from '@preact/signals'
import Feature from 'ol/Feature'
import type Geometry from 'ol/geom/Geometry'
import VectorLayer from 'ol/layer/Vector'
import VectorSource from 'ol/source/Vector'

import type { Standing } from '../map/attachments'
import { Caller } from '../vector/rpc'
import { aspectOf, paintedLayer } from '../vector/tileLayer'
import { onEscape } from '../ui/escape'
import { leave } from './actions'
import { sketchStyle } from './drawing'
import { toGeometry } from './geometry'
import { interact } from './interact'
import { EMPTY, message, selected, summary, tool, worker } from './store'
import type { Work } from './work'

const LINE_PX = 1.8
const POINT_PX = 4.5
const FILL = 0.14
/** Above slides and layers, below what is being drawn. */
const Z_INDEX = 30

onEscape(leave)

/** Put a slide's annotations on its map; returns the function that takes them off. */
export function mountAnnotations({ map, slide }: Standing): () => void {
  const caller = new Caller<Work>(
    new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }),
  )
  const style = () => ({
    line: LINE_PX * devicePixelRatio,
    point: POINT_PX * devicePixelRatio,
    fill: FILL,
  })
  const layer = paintedLayer(
    slide.pyramid,
    (rect, signal) => caller.call('paint', { rect, style: style() }, { signal }),
    Z_INDEX,
  )
  const source = new VectorSource()
  const selection = new VectorLayer({ source, zIndex: Z_INDEX + 1, updateWhileInteracting: true })
  map.addLayer(layer)
  map.addLayer(selection)
  reset()
  void caller.call('open', slide.identity.seriesInstanceUid).then((told) => {
    worker.value = caller
    summary.value = told
  })
  const ends = [
    repaintOnChange(() => layer.getSource()?.repaint()),
    showSelected(source, aspectOf(slide.pyramid)),
    interact({ map, source, aspect: aspectOf(slide.pyramid) }),
  ]
  return () => {
    for (const end of ends) end()
    map.removeLayer(selection)
    map.removeLayer(layer)
    worker.value = null
    caller.end()
    reset()
  }
}

function reset(): void {
  summary.value = EMPTY
  selected.value = []
  tool.value = null
  message.value = ''
}

function repaintOnChange(repaint: () => void): () => void {
  let painted = 0
  return effect(() => {
    const { revision } = summary.value
    if (revision !== painted) repaint()
    painted = revision
  })
}

function showSelected(source: VectorSource, aspect: number): () => void {
  return effect(() => {
    const features = selected.value.map((each) => {
      const feature = new Feature<Geometry>(toGeometry(each.shape, aspect))
      feature.setStyle(sketchStyle(each.colour))
      feature.setId(each.id)
      return feature
    })
    source.clear()
    source.addFeatures(features)
  })
}
