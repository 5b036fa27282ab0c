// SPDX-License-Identifier: Apache-2.0
/**
 * The window that a slide says its values are to be shown with (PS3.3 C.11.2.1.2), in stored values;
 * the same one that the server draws with.
 */

import { item, number, text, type DataSet } from '../dicom/json'
import type { Window } from './channels'

/** The window of all frames, or else that of the first; `null` where none is told. */
export function toldWindow(dataSet: DataSet): Window | null {
  const voi = group(dataSet, 'FrameVOILUTSequence')
  const [centre, width] = [number(voi, 'WindowCenter'), number(voi, 'WindowWidth')]
  const isLinear = (text(voi, 'VOILUTFunction') ?? 'LINEAR') === 'LINEAR'
  if (centre === null || width === null || width <= 0 || (isLinear && width <= 1)) return null
  const rescaling = group(dataSet, 'PixelValueTransformationSequence')
  // Of 0 nothing would be left of the values; the server takes it for 1, too.
  const slope = number(rescaling, 'RescaleSlope') || 1
  const intercept = number(rescaling, 'RescaleIntercept') ?? 0
  const [middle, half] = isLinear ? [centre - 0.5, (width - 1) / 2] : [centre, width / 2]
  const [low, high] = [middle - half, middle + half].map((value) => (value - intercept) / slope)
  return low !== undefined && high !== undefined && high > low ? [low, high] : null
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
