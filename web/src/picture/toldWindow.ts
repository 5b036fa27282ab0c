// SPDX-License-Identifier: Apache-2.0
/**
 * The window that a slide says its values are to be shown with (PS3.3 C.11.2.1.2), in stored values;
 * the same one that the server draws with.
 */

import { item, number, text, type DataSet } from '../dicom/json'
import type { Window } from './channels'

/** The window of all frames, or else that of the first; `null` where none is told. */
export function toldWindow(dataSet: DataSet): Window | null {
  const ends = endsOf(group(dataSet, 'FrameVOILUTSequence'))
  if (!ends) return null
  const rescaling = group(dataSet, 'PixelValueTransformationSequence')
  const intercept = number(rescaling, 'RescaleIntercept') ?? 0
  const slope = number(rescaling, 'RescaleSlope') ?? 1
  // Of a slope of 0 nothing would be left of the values; the server takes it for 1, too.
  const [low, high] = ends.map((value) => (value - intercept) / (slope === 0 ? 1 : slope))
  return low !== undefined && high !== undefined && high > low ? [low, high] : null
}

/** The values that are to be dark and bright; those of a sigmoid as if it were a line. */
function endsOf(voi: DataSet): Window | null {
  const [centre, width] = [number(voi, 'WindowCenter'), number(voi, 'WindowWidth')]
  if (centre === null || width === null || width <= 0) return null
  if ((text(voi, 'VOILUTFunction') ?? 'LINEAR') !== 'LINEAR')
    return [centre - width / 2, centre + width / 2]
  return width > 1 ? [centre - width / 2, centre - 1 + width / 2] : null
}

/** A functional group, or the data set itself, where older ones have the same attributes. */
function group(
  dataSet: DataSet,
  keyword: 'FrameVOILUTSequence' | 'PixelValueTransformationSequence',
): DataSet {
  const shared = item(item(dataSet, 'SharedFunctionalGroupsSequence'), keyword)
  const first = item(item(dataSet, 'PerFrameFunctionalGroupsSequence'), keyword)
  return { ...dataSet, ...shared, ...first }
}
