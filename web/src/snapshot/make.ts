// SPDX-License-Identifier: Apache-2.0
/** A picture of what the page shows, as the reader wants it. */

import { told, type OnPage } from '../captions'
import { stainOf } from '../case/specimen'
import type { Viewed } from '../dicom/geometry'
import type { Slide } from '../dicom/slide'
import { oneTurn } from '../address'
import { currentMap } from '../map/current'
import type { MirrorMap } from '../map/mirror'
import { identityHidden, slideKey, viewed } from '../state'
import { date, patientLine, slideName } from '../ui/format'
import { t } from '../words'
import { captionOf, fileName, scaleWords, type Scale } from './caption'
import { barShown, chosenParts, wish } from './choices'
import { drawFigure } from './figure'
import { fieldOf, insetOf } from './plan'
import { take, type Orders, type Taken } from './take'

export interface Made {
  readonly canvas: HTMLCanvasElement
  readonly caption: readonly string[]
  readonly name: string
  /** Tiles that are hatched. */
  readonly gaps: number
}

/** Make the picture; with its caption below, or apart where that is printed as text. */
export async function make(slide: Slide, orders: Orders, captionApart = false): Promise<Made> {
  const { map, page, now } = standing(slide)
  const wanted = wish.value
  const field = fieldOf(now, devicePixelRatio, wanted)
  const closer = insetOf(field, slide.pyramid.size, wanted)
  const [main, inset = null] = await taken(map, closer ? [field, closer] : [field], orders)
  if (!main) throw new Error(t('the browser cannot draw a picture of this size'))
  const facts = {
    ...factsOf(slide),
    scale: scaleOf(slide, field),
    colours: await told(page),
    gaps: gapsOf(inset ? [main, inset] : [main]),
    inset: closer && insetWords(slide, closer),
  }
  const caption = captionOf(facts, allowedParts())
  const { mpp } = slide.pyramid
  const figure = { main, inset, insetKind: wanted.inset, mpp, bar: barShown.value }
  return {
    canvas: drawFigure({ ...figure, caption: captionApart ? [] : caption }),
    caption,
    name: fileName(facts.slide, facts.scale),
    gaps: facts.gaps.count,
  }
}

/** The map with the slide on it. */
function standing(slide: Slide): { map: MirrorMap; page: OnPage; now: Viewed } {
  const [map, key, now] = [currentMap.value?.map, slideKey.value, viewed.value]
  const stage = map?.getTargetElement()
  if (!map || !key || !now || !stage) throw new Error(t('the slide is not open'))
  return { map, page: { key, slide, stage }, now }
}

/** Pictures with letters that are as large in them as on the screen. */
async function taken(map: MirrorMap, wanted: readonly Viewed[], orders: Orders): Promise<Taken[]> {
  map.set('letters', wish.value.enlargement)
  try {
    return await take(map, wanted, orders)
  } finally {
    map.unset('letters')
  }
}

/** Hidden patients stay so. */
function allowedParts(): ReturnType<typeof chosenParts> {
  const parts = chosenParts()
  if (identityHidden.value) parts.delete('patient')
  return parts
}

function factsOf(slide: Slide) {
  const { identity, acquired, pyramid } = slide
  const day = acquired ?? identity.studyDate
  return {
    slide: slideName(identity),
    stain: stainOf(pyramid.levels[0].image.dataSet),
    date: day && date(day),
    patient: patientLine(identity),
  }
}

function scaleOf(
  { pyramid: { mpp } }: Slide,
  { downsample, rotation, mirrored = false }: Viewed,
): Scale {
  const degrees = oneTurn(((mirrored ? -1 : 1) * rotation * 180) / Math.PI)
  return { mpp: mpp && mpp * downsample, storedMpp: mpp, degrees, mirrored }
}

function insetWords(slide: Slide, inset: Viewed): string {
  if (wish.value.inset === 'overview') return t('inset: the whole slide, the field outlined')
  const scale = { ...scaleOf(slide, inset), degrees: 0, mirrored: false }
  return t('inset: the outlined part, {scale}', { scale: scaleWords(scale).join(' · ') })
}

function gapsOf(taken: readonly Taken[]): { count: number; reasons: string[] } {
  const gaps = new Map(taken.flatMap(({ gaps: each }) => [...each]))
  return { count: gaps.size, reasons: [...new Set(gaps.values())] }
}
