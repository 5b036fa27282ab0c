// SPDX-License-Identifier: Apache-2.0
/** What has been seen of each slide since the page was opened. */

import { signal } from '@preact/signals'

import type { Slide } from '../dicom/slide'
import { attach } from '../map/attachments'
import { Visited } from './visited'

const seen = new Map<string, Visited>()
/** Goes up whenever something new is seen, or all is forgotten. */
export const seenVersion = signal(0)

/** What has been seen of a slide. */
export function seenOf({ identity, pyramid }: Slide): Visited {
  const name = identity.seriesInstanceUid
  const known = seen.get(name) ?? new Visited(pyramid.size, pyramid.mpp)
  seen.set(name, known)
  return known
}

/** Begin anew with a slide. */
export function forgetSeen({ identity }: Slide): void {
  seen.delete(identity.seriesInstanceUid)
  seenVersion.value++
}

attach(({ map, slide }) => {
  const look = (): void => {
    const view = map.getView()
    const [x, y] = view.getCenter() ?? []
    const [width = 0, height = 0] = map.getSize() ?? []
    const downsample = view.getResolution()
    if (x === undefined || y === undefined || downsample === undefined) return
    const viewed = {
      ...{ centre: { x, y: -y }, downsample, rotation: view.getRotation() },
      screen: { width, height },
    }
    if (seenOf(slide).add(viewed)) seenVersion.value++
  }
  map.on('moveend', look)
  return () => {
    map.un('moveend', look)
  }
}, true)
