// SPDX-License-Identifier: Apache-2.0
/** Segmentations and parametric maps as layers. */

import { signal, type Signal } from '@preact/signals'

import { number, text, type DataSet } from '../dicom/json'
import type { Slide } from '../dicom/slide'
import type { TileRect } from '../vector/paint'
import { paintedLayer } from '../vector/tileLayer'
import { msg } from '../words'
import type { Found } from './find'
import { frameImage, type FrameImage } from './frames'
import { framesOn, levelFor, MOST_FRAMES, paintFrames, type Pictures } from './framePainter'
import type { Layer, Scale } from './layer'
import { extremes, paintValues, quantityOf } from './parametric'
import { frameBytes, frameValues, kept, pictureOf } from './pictures'
import { paintSegments, readingOf, segmentsOf } from './segmentation'

const Z_INDEX = 10

export const TOO_FAR = msg('zoom in to see it: it has no coarse level')
export const NOT_PLACED = msg('it does not say where on the slide it lies')

export function segmentationLayer({ key, dataSets }: Found, slide: Slide): Layer {
  const [first = {}] = dataSets
  const segments = segmentsOf(first)
  const channels = segments.map((segment) => segment.number)
  const images = imagesOf(dataSets, slide, channels)
  const seen = signal<ReadonlySet<number>>(new Set())
  const bytes = frameBytes(key)
  const pictures = kept(async (image, frame) => {
    const reading = readingOf(image.dataSet, image.tileColumns * image.tileRows)
    const colours = new Map(
      segments.filter((each) => seen.value.has(each.number)).map((of) => [of.number, of.colour]),
    )
    if (reading.type !== 'LABELMAP' && !colours.has(frame.channel)) return null
    const rgba = paintSegments(await bytes(image, frame), reading, frame.channel, colours)
    return pictureOf(rgba, image)
  })
  const layer = frameLayer(first, slide, images, pictures, seen)
  return {
    ...layer,
    kind: msg('segmentation'),
    entries: segments.map(({ label, colour, number: id }) => ({ id, label, colour })),
    scale: null,
  }
}

export function mapLayer({ key, dataSets }: Found, slide: Slide): Layer {
  const [first = {}] = dataSets
  const quantity = quantityOf(first)
  const images = imagesOf(dataSets, slide, [1])
  const values = frameValues(key)
  const { name, unit, range } = quantity
  const scale = signal<Scale>({ name, unit, range, measured: range === null })
  const seen = signal<ReadonlySet<number>>(new Set())
  const pictures = kept(async (image, frame) => {
    const samples = await values(image, frame)
    const spanned = scale.value.range ?? extremes(samples, quantity)
    if (!spanned) return null
    scale.value = { ...scale.value, range: spanned }
    return pictureOf(paintValues(samples, quantity, spanned), image)
  })
  const layer = frameLayer(first, slide, images, pictures, seen)
  return { ...layer, kind: msg('parametric map'), entries: [], scale }
}

function imagesOf(
  dataSets: readonly DataSet[],
  slide: Slide,
  channels: readonly number[],
): FrameImage[] {
  const base = slide.pyramid.levels[0].image.dataSet
  return dataSets
    .map((dataSet) => frameImage(dataSet, base, channels))
    .filter((image) => image !== null)
}

function frameLayer(
  first: DataSet,
  slide: Slide,
  images: readonly FrameImage[],
  pictures: Pictures & { clear: () => void },
  seen: Signal<ReadonlySet<number>>,
): Omit<Layer, 'kind' | 'entries' | 'scale'> {
  const problem = signal(images.length === 0 ? NOT_PLACED : '')
  const paint = async (rect: TileRect): Promise<ImageBitmap | null> => {
    const image = levelFor(images, rect)
    if (!image || seen.value.size === 0) return null
    const frames = framesOn(image, rect)
    problem.value = frames.length > MOST_FRAMES ? TOO_FAR : ''
    if (frames.length > MOST_FRAMES) return null
    try {
      return await paintFrames(image, frames, rect, pictures)
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error)
      return null
    }
  }
  const painted = paintedLayer(slide.pyramid, paint, Z_INDEX)
  return {
    title: titleOf(first),
    painted,
    seen,
    opacity: signal(0.6),
    problem,
    end: seen.subscribe(() => {
      pictures.clear()
      painted.getSource()?.repaint()
    }),
  }
}

export function titleOf(dataSet: DataSet): string {
  return (
    text(dataSet, 'SeriesDescription') ??
    text(dataSet, 'ContentDescription') ??
    text(dataSet, 'ContentLabel') ??
    `#${number(dataSet, 'InstanceNumber') ?? 1}`
  )
}
