// SPDX-License-Identifier: Apache-2.0
/** A slide as the viewer knows it: one series' instances, sorted out. */

import { imagesOf, type TiledImage } from './image'
import { element, item, items, number, text, type DataSet, type Element } from './json'
import { pyramidOf, type Pyramid } from './pyramid'

/** Who and what the slide is; `null` where the data set does not say. */
export interface Identity {
  readonly studyInstanceUid: string
  readonly seriesInstanceUid: string
  readonly patientName: string | null
  readonly patientId: string | null
  readonly studyDate: string | null
  readonly accessionNumber: string | null
  readonly studyDescription: string | null
  readonly seriesDescription: string | null
  readonly containerIdentifier: string | null
  /** Manufacturer and model, each named once. */
  readonly scanner: string | null
}

/** What is known of a slide's colours. */
export interface Colour {
  readonly colorSpace: string | null
  readonly profile: Element | null
}

export interface Slide {
  readonly identity: Identity
  readonly pyramid: Pyramid
  readonly label: TiledImage | null
  readonly overview: TiledImage | null
  readonly thumbnail: TiledImage | null
  readonly objectivePower: number | null
  readonly colour: Colour
  readonly specimen: string | null
  readonly acquired: string | null
  readonly numberOfInstances: number
}

/** Sort out a series' metadata; `null` where the series has no image that could be shown. */
export function slideOf(instances: readonly DataSet[]): Slide | null {
  const images = imagesOf(instances)
  const pyramid = pyramidOf(images)
  if (!pyramid) return null
  const base = pyramid.levels[0].image.dataSet
  const path = item(base, 'OpticalPathSequence')
  return {
    identity: identityOf(base),
    pyramid,
    label: flavoured(images, 'LABEL'),
    overview: flavoured(images, 'OVERVIEW'),
    thumbnail: flavoured(images, 'THUMBNAIL'),
    objectivePower: number(path, 'ObjectiveLensPower'),
    colour: { colorSpace: text(path, 'ColorSpace'), profile: element(path, 'ICCProfile') },
    specimen: specimenOf(base),
    acquired: text(base, 'AcquisitionDateTime'),
    numberOfInstances: instances.length,
  }
}

/** The identity in any data set of a series: an instance's metadata or an answer to a query. */
export function identityOf(dataSet: DataSet): Identity {
  return {
    studyInstanceUid: text(dataSet, 'StudyInstanceUID') ?? '',
    seriesInstanceUid: text(dataSet, 'SeriesInstanceUID') ?? '',
    patientName: text(dataSet, 'PatientName'),
    patientId: text(dataSet, 'PatientID'),
    studyDate: text(dataSet, 'StudyDate'),
    accessionNumber: text(dataSet, 'AccessionNumber'),
    studyDescription: text(dataSet, 'StudyDescription'),
    seriesDescription: text(dataSet, 'SeriesDescription'),
    containerIdentifier: text(dataSet, 'ContainerIdentifier'),
    scanner: scannerOf(dataSet),
  }
}

function scannerOf(dataSet: DataSet): string | null {
  const manufacturer = known(text(dataSet, 'Manufacturer'))
  const model = known(text(dataSet, 'ManufacturerModelName'))
  if (!manufacturer || !model) return model ?? manufacturer
  return model.startsWith(manufacturer) ? model : `${manufacturer} ${model}`
}

/** Converters write "Unknown" where the standard demands a value that nobody knows. */
function known(value: string | null): string | null {
  return value?.toLowerCase() === 'unknown' ? null : value
}

function specimenOf(dataSet: DataSet): string | null {
  const specimens = items(dataSet, 'SpecimenDescriptionSequence').map((specimen) =>
    [text(specimen, 'SpecimenIdentifier'), text(specimen, 'SpecimenShortDescription')]
      .filter((part) => part !== null)
      .join(' · '),
  )
  return specimens.filter(Boolean).join('; ') || null
}

function flavoured(
  images: readonly TiledImage[],
  flavour: TiledImage['flavour'],
): TiledImage | null {
  return images.find((image) => image.flavour === flavour) ?? null
}
