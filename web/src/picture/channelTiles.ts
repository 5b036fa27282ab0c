// SPDX-License-Identifier: Apache-2.0
/** Tiles of channels: samples from the server, windowed and blended by the worker. */

import { samples, type Call, type SlideKey } from '../api'
import { framePlace, tileCounts, type FramePlace, type TiledImage } from '../dicom/image'
import { sliceOf, type Level, type Pyramid, type Sheet } from '../dicom/pyramid'
import { UndrawableError } from '../map/decode'
import { patiently } from '../map/retry'
import type { AheadLoader, TileLoader } from '../map/source'
import type { Tile } from '../map/tiles'
import type { Channel, Window } from './channels'
import type { Layer } from './compose'
import { FrameCache } from './frameCache'
import { sheetOf } from './sheets'
import { toldWindow } from './toldWindow'
import { t } from '../words'
import { work } from './work'

/** Frames of samples kept; of 256 by 256 pixels of 16 bits they are 80 MB. */
const MOST_KEPT = 640
/** Frames of the coarsest level that are looked at to estimate a window. */
const LOOKED_AT = 16
/** Of a slide of 8 bits that does not glow, the samples are what is seen. */
const ALL_OF_8_BITS: Window = [0, 255]

/** A channel, with the place of its path and the window it is shown with. */
export interface ShownChannel extends Channel {
  readonly sheet: Sheet
  readonly window: Window
}

export class ChannelTiles {
  private readonly cache = new FrameCache<Uint8Array | null>(MOST_KEPT)

  constructor(private readonly key: SlideKey) {}

  /** The tiles of channels, their light added. */
  loader(channels: readonly ShownChannel[]): TileLoader {
    return async (level, tile, call) => {
      const layers = await Promise.all(
        channels.map((channel) => this.layer(channel, level, tile, call)),
      )
      const { tileColumns: width, tileRows: height } = level.image
      const { bitmap } = await work({ kind: 'compose', layers, width, height })
      return bitmap
    }
  }

  /** Fetching the samples of channels for later. */
  ahead(channels: readonly { readonly sheet: Sheet }[]): AheadLoader {
    return async (level, tile, signal) => {
      const call = { signal, priority: 'low' } as const
      const wanted = channels.filter(({ sheet }) => {
        const place = placeOf(sheet, level, tile)
        return place && !this.cache.has(nameOf(place))
      })
      const fetched = await Promise.all(
        wanted.map(({ sheet }) => this.samples(sheet, level, tile, call)),
      )
      return fetched.reduce((sum, bytes) => sum + (bytes?.length ?? 0), 0)
    }
  }

  /** Fetch samples that may soon be wanted. */
  prefetch(sheet: Sheet, level: Level, tile: Tile): Promise<unknown> {
    return this.samples(sheet, level, tile, { priority: 'low' })
  }

  /** The windows of all paths: as the slide tells, or else from what the coarsest level holds. */
  async estimate(pyramid: Pyramid): Promise<Window[]> {
    return Promise.all(pyramid.paths.map((_, path) => this.windowOf(pyramid, path)))
  }

  private async windowOf(pyramid: Pyramid, path: number): Promise<Window> {
    const level = pyramid.levels[pyramid.levels.length - 1] ?? pyramid.levels[0]
    const { samples: kind, tileColumns, tileRows } = level.image
    const told = toldWindow(level.image.dataSet)
    if (told) return told
    if (kind.bitsAllocated === 8 && !pyramid.paths[path]?.isFluorescence) return ALL_OF_8_BITS
    const frames = await Promise.all(
      spread(level.image).map(async (tile) => ({
        bytes: await this.samples(sheetOf(pyramid, path), level, tile, {}),
        columns: Math.min(tileColumns, level.image.columns - tile.column * tileColumns),
        rows: Math.min(tileRows, level.image.rows - tile.row * tileRows),
      })),
    )
    const job = { kind: 'window', frames, bits: bitsOf(level.image), width: tileColumns } as const
    return (await work(job)).window ?? [0, 2 ** job.bits - 1]
  }

  private async layer(
    { sheet, colour, window, gamma }: ShownChannel,
    level: Level,
    tile: Tile,
    call: Call,
  ): Promise<Layer> {
    return {
      bytes: await this.samples(sheet, level, tile, call),
      bits: bitsOf(level.image),
      isInverted: level.image.samples.photometricInterpretation === 'MONOCHROME1',
      colour,
      window,
      gamma,
    }
  }

  private async samples(
    sheet: Sheet,
    level: Level,
    tile: Tile,
    call: Call,
  ): Promise<Uint8Array | null> {
    const place = placeOf(sheet, level, tile)
    if (!place) return null
    return this.cache.get(nameOf(place), () =>
      patiently(() => samples(this.key, place, call), call.signal),
    )
  }
}

function placeOf(sheet: Sheet, level: Level, { column, row }: Tile): FramePlace | null {
  const found = sliceOf(level, sheet)
  return found && framePlace(found.image, column, row, found.slice)
}

function nameOf({ sopInstanceUid, frameNumber }: FramePlace): string {
  return `${sopInstanceUid},${frameNumber}`
}

/** The size of samples that are drawn here. */
function bitsOf({ samples: { bitsAllocated, isSigned } }: TiledImage): 8 | 16 {
  if (!isSigned && (bitsAllocated === 8 || bitsAllocated === 16)) return bitsAllocated
  const bits = bitsAllocated
  throw new UndrawableError(
    isSigned
      ? t('signed grey values of {bits} bits', { bits })
      : t('grey values of {bits} bits', { bits }),
  )
}

/** Tiles at equal distances over an image. */
function spread(image: TiledImage): Tile[] {
  const { across, down } = tileCounts(image)
  const count = Math.min(LOOKED_AT, across * down)
  return Array.from({ length: count }, (_, index) => {
    const place = Math.floor((index * across * down) / count)
    return { column: place % across, row: Math.floor(place / across) }
  })
}
