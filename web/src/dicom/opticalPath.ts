// SPDX-License-Identifier: Apache-2.0
/** The optical paths of a slide: what they are called, and how they are to be shown (C.8.12.5). */

import type { TiledImage } from './image'
import { element, item, items, number, text, type DataSet, type Element } from './json'

export type Rgb = readonly [number, number, number]

export interface OpticalPath {
  /** `null` where the image names none. */
  readonly identifier: string | null
  /** Its description or light, for the reader; `null` where it is not told. */
  readonly name: string | null
  readonly isFluorescence: boolean
  /** The colour in which the slide says it is to be shown. */
  readonly colour: Rgb | null
  /** Nanometres of the light that comes back, or else of that which shines. */
  readonly wavelength: number | null
  readonly profile: Element | null
}

/** Epifluorescence illumination (CID 8123), now and in older files. */
const FLUORESCENCE = ['111743', 'P5-00112']

/** The optical paths of images, in the order of their frames; each once. */
export function opticalPaths(images: readonly TiledImage[]): OpticalPath[] {
  const found = new Map<string | null, OpticalPath>()
  for (const { paths, dataSet } of images)
    for (const identifier of paths)
      if (!found.has(identifier)) found.set(identifier, pathOf(identifier, dataSet))
  return [...found.values()]
}

function pathOf(identifier: string | null, dataSet: DataSet): OpticalPath {
  const told = items(dataSet, 'OpticalPathSequence')
  const path =
    told.find((each) => text(each, 'OpticalPathIdentifier') === identifier) ?? told[0] ?? {}
  const light = item(path, 'IlluminationTypeCodeSequence')
  const isNumber = /^\d*$/.test(identifier ?? '')
  return {
    identifier,
    name: text(path, 'OpticalPathDescription') ?? (isNumber ? null : identifier),
    isFluorescence: FLUORESCENCE.includes(text(light, 'CodeValue') ?? ''),
    colour: colourOf(item(path, 'PaletteColorLookupTableSequence')),
    wavelength:
      number(path, 'ImagePathFilterPassThroughWavelength') ??
      number(path, 'IlluminationWaveLength'),
    profile: element(path, 'ICCProfile'),
  }
}

/** The colour of the largest value of a palette: its last entry, or the end of its last line (C.7.9). */
function colourOf(palette: DataSet): Rgb | null {
  const [red, green, blue] = (['Red', 'Green', 'Blue'] as const).map((name) => {
    const plain = element(palette, `${name}PaletteColorLookupTableData`)
    return plain
      ? lastOfTable(plain)
      : lastOfSegments(element(palette, `Segmented${name}PaletteColorLookupTableData`))
  })
  if (red === undefined || green === undefined || blue === undefined) return null
  if (red === null || green === null || blue === null) return null
  return [red, green, blue]
}

/** Of entries of 16 bits, in little endian, the last byte is the higher one. */
function lastOfTable({ InlineBinary }: Element): number | null {
  const bytes = InlineBinary ? atob(InlineBinary) : ''
  return bytes.length > 0 ? bytes.charCodeAt(bytes.length - 1) : null
}

function lastOfSegments(data: Element | null): number | null {
  const bytes = data?.InlineBinary ? atob(data.InlineBinary) : ''
  // A line is its number, its length and its end, of two bytes each; eight bits are enough of it.
  const isLine = bytes.length >= 6 && bytes.charCodeAt(bytes.length - 6) === 1
  return isLine ? bytes.charCodeAt(bytes.length - 1) : null
}
