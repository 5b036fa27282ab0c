// SPDX-License-Identifier: Apache-2.0
/**
 * In the place of what OpenLayers' map brings and this viewer does not use (`vite.config.ts`): its
 * controls and interactions for maps that name none, the layers whose labels give way, and the tiles
 * that are drawn in another projection than their own.
 */

import Collection from 'ol/Collection'

export function defaults(): Collection<never> {
  return new Collection()
}

/** No layer and no tile is one of these. */
export default class LeftOut {
  getDeclutter(): boolean {
    return false
  }
}
