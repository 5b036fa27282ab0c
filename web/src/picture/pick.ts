// SPDX-License-Identifier: Apache-2.0
/** Telling what is white by a click on the slide: the mean of a few pixels, as they are stored. */

import type TileLayer from 'ol/layer/Tile'
import type MapBrowserEvent from 'ol/MapBrowserEvent'

import { colourAt } from '../dicom/iccTable'
import type { Standing } from '../map/attachments'
import { profileOf } from './profile'
import type { PictureSettings } from './settings'
import { change, picking, settings } from './state'

const REACH_PX = 2

/** Take the colour under a click as white. */
export function pickWhite(layer: TileLayer, { slide }: Standing, event: MapBrowserEvent): void {
  const [x = 0, y = 0] = event.pixel
  const stored = meanColour(samplesAround(layer, x, y))
  if (!stored) return
  const profile = profileOf(slide).value
  const seen =
    settings.value.profile && profile.state === 'ready'
      ? colourAt(profile.table, [stored[0] / 255, stored[1] / 255, stored[2] / 255])
      : stored.map((value) => value / 255)
  picking.value = false
  change({ white: asWhite(seen) })
}

/** The mean of colours; `null` where there are none, beyond the slide. */
export function meanColour(colours: readonly ArrayLike<number>[]): [number, number, number] | null {
  if (colours.length === 0) return null
  const mean = (channel: number): number =>
    colours.reduce((sum, colour) => sum + (colour[channel] ?? 0), 0) / colours.length
  return [mean(0), mean(1), mean(2)]
}

/** A colour of 0 … 1 as what is to be white. */
export function asWhite(colour: readonly number[]): PictureSettings['white'] {
  const [red = 1, green = 1, blue = 1] = colour.map((value) =>
    Math.min(255, Math.max(1, Math.round(value * 255))),
  )
  return [red, green, blue]
}

function samplesAround(layer: TileLayer, x: number, y: number): ArrayLike<number>[] {
  const found: ArrayLike<number>[] = []
  for (let right = -REACH_PX; right <= REACH_PX; right++) {
    for (let down = -REACH_PX; down <= REACH_PX; down++) {
      const data = layer.getData([x + right, y + down])
      if (data && !(data instanceof DataView) && data[3] === 255) found.push(data)
    }
  }
  return found
}
