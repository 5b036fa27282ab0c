// SPDX-License-Identifier: Apache-2.0
/** What a study has to lay over a slide: segmentations, parametric maps and bulk annotations. */

import { instanceMetadata, searchInstances, type SlideKey } from '../api'
import { items, text, texts, type DataSet } from '../dicom/json'
import type { Slide } from '../dicom/slide'

const KINDS = {
  '1.2.840.10008.5.1.4.1.1.66.4': 'segmentation',
  '1.2.840.10008.5.1.4.1.1.66.7': 'segmentation',
  '1.2.840.10008.5.1.4.1.1.30': 'map',
  '1.2.840.10008.5.1.4.1.1.91.1': 'annotations',
} as const

export type LayerKind = (typeof KINDS)[keyof typeof KINDS]

export interface Found {
  readonly kind: LayerKind
  readonly key: SlideKey
  /** One instance; for a pyramid of them, the finest first. */
  readonly dataSets: readonly DataSet[]
}

/** Find what refers to a slide. */
export async function findLayers(study: string, slide: Slide): Promise<Found[]> {
  const listed = await searchInstances(study, Object.keys(KINDS))
  const loaded = await Promise.all(
    listed.filter((each) => kindOf(each) !== null).map((each) => load(study, each)),
  )
  const fitting = loaded.filter((found) => found !== null && refersTo(found.dataSet, slide))
  return grouped(fitting.filter((found) => found !== null))
}

interface Loaded {
  readonly kind: LayerKind
  readonly key: SlideKey
  readonly dataSet: DataSet
}

async function load(study: string, listed: DataSet): Promise<Loaded | null> {
  const [kind, series, uid] = [
    kindOf(listed),
    text(listed, 'SeriesInstanceUID'),
    text(listed, 'SOPInstanceUID'),
  ]
  if (!kind || !series || !uid) return null
  const key = { study, series }
  const dataSet = await instanceMetadata(key, uid)
  return dataSet && { kind, key, dataSet }
}

function kindOf(dataSet: DataSet): LayerKind | null {
  const known: Readonly<Record<string, LayerKind | undefined>> = KINDS
  return known[text(dataSet, 'SOPClassUID') ?? ''] ?? null
}

/** Whether an object has a slide's frame of reference or names its series or one of its images. */
export function refersTo(dataSet: DataSet, slide: Slide): boolean {
  const images = slide.pyramid.levels.map(({ image }) => image)
  const frame = text(images[0]?.dataSet ?? {}, 'FrameOfReferenceUID')
  if (frame !== null && text(dataSet, 'FrameOfReferenceUID') === frame) return true
  const series = items(dataSet, 'ReferencedSeriesSequence')
  const named = series.flatMap((each) => texts(each, 'SeriesInstanceUID'))
  if (named.includes(slide.identity.seriesInstanceUid)) return true
  const parts = images.flatMap((image) => image.parts.map(({ sopInstanceUid }) => sopInstanceUid))
  return referencedInstances(dataSet).some((uid) => parts.includes(uid))
}

/** Instances that an object names. */
export function referencedInstances(dataSet: DataSet): string[] {
  const within = items(dataSet, 'ReferencedSeriesSequence').flatMap((each) =>
    items(each, 'ReferencedInstanceSequence'),
  )
  return [...items(dataSet, 'ReferencedImageSequence'), ...within].flatMap((each) =>
    texts(each, 'ReferencedSOPInstanceUID'),
  )
}

/** Segmentations of one series with the same segments are levels of one pyramid. */
function grouped(loaded: readonly Loaded[]): Found[] {
  const groups = new Map<string, Loaded[]>()
  for (const each of loaded) {
    const uid = text(each.dataSet, 'SOPInstanceUID') ?? ''
    const segments = items(each.dataSet, 'SegmentSequence').map((one) => text(one, 'SegmentLabel'))
    const alone = each.kind === 'annotations'
    const name = alone ? uid : [each.key.series, each.kind, ...segments].join('\n')
    groups.set(name, [...(groups.get(name) ?? []), each])
  }
  return [...groups.values()].flatMap(([first, ...others]) =>
    first
      ? [{ kind: first.kind, key: first.key, dataSets: [first, ...others].map((of) => of.dataSet) }]
      : [],
  )
}
