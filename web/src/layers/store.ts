// SPDX-License-Identifier: Apache-2.0
/** The layers of the slide on the page: looked for when the drawer is first opened. */

import { effect, signal, untracked } from '@preact/signals'

import type { Standing } from '../map/attachments'
import { LOADING, type Loadable } from '../state'
import { findLayers, type Found } from './find'
import { mapLayer, segmentationLayer } from './frameLayers'
import { annotationLayer } from './groupLayers'
import type { Layer } from './layer'

export const layers = signal<Loadable<readonly Layer[]>>(LOADING)

/** Find layers and put them on the map; returns the function that takes them off. */
export function mountLayers({ map, key, slide }: Standing): () => void {
  let over = false
  const ends: (() => void)[] = []
  layers.value = LOADING
  const start = async (): Promise<void> => {
    const found = await findLayers(key.study, slide)
    if (over) return
    const made = found.map((each) => layerOf(each, slide))
    for (const layer of made) {
      map.addLayer(layer.painted)
      const faded = effect(() => {
        layer.painted.setOpacity(layer.opacity.value)
        layer.painted.setVisible(layer.seen.value.size > 0)
      })
      ends.push(() => {
        faded()
        layer.end()
        map.removeLayer(layer.painted)
      })
    }
    layers.value = { state: 'ready', value: made }
  }
  untracked(() => {
    start().catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error)
      if (!over) layers.value = { state: 'failed', message }
    })
  })
  return () => {
    over = true
    for (const end of ends) end()
    layers.value = LOADING
  }
}

function layerOf(found: Found, slide: Standing['slide']): Layer {
  switch (found.kind) {
    case 'segmentation':
      return segmentationLayer(found, slide)
    case 'map':
      return mapLayer(found, slide)
    case 'annotations':
      return annotationLayer(found, slide)
  }
}
