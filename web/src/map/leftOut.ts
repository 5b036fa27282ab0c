// SPDX-License-Identifier: Apache-2.0
/**
 * In the place of what OpenLayers' map brings and this viewer does not use (`vite.config.ts`): its
 * controls and interactions for maps that name none, and the layers whose labels give way.
 */

import Collection from 'ol/Collection'

export function defaults(): Collection<never> {
  return new Collection()
}

/** No layer is one of these. */
export default class LayerWithLabels {
  getDeclutter(): boolean {
    return false
  }
}
