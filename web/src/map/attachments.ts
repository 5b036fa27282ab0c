// SPDX-License-Identifier: Apache-2.0
/**
 * What features put on the map of a slide: each is attached when the map stands and taken off with
 * it. A feature adds layers and interactions of its own; it does not know the others.
 */

import type OlMap from 'ol/Map'

import type { SlideKey } from '../api'
import type { Slide } from '../dicom/slide'

/** The map of a slide, as a feature sees it: x to the right, y up, in level-0 pixels. */
export interface Standing {
  readonly map: OlMap
  readonly key: SlideKey
  readonly slide: Slide
}

/** Puts a feature on a map; returns the function that takes it off. */
export type Attachment = (standing: Standing) => () => void

interface Coming {
  readonly attachment: Attachment
  readonly isShared: boolean
}

const attachments: Coming[] = []

/** Let a feature come with every map; where there are several on a page, only if it is shared. */
export function attach(attachment: Attachment, isShared = false): void {
  attachments.push({ attachment, isShared })
}

/** Put all features on a map; returns the function that takes them off, the last first. */
export function attachAll(standing: Standing, isOneOfSeveral = false): () => void {
  const detach = attachments
    .filter(({ isShared }) => isShared || !isOneOfSeveral)
    .map(({ attachment }) => attachment(standing))
  return () => {
    for (const each of detach.reverse()) each()
  }
}
