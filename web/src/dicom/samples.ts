// SPDX-License-Identifier: Apache-2.0
/** Instances for tests: DICOM JSON of slide images with what a test asks for. */

import type { DataSet } from './json'

export interface Sample {
  readonly uid: string
  readonly flavour: string
  readonly columns: number
  readonly rows: number
  readonly tile: number
  readonly frames: number
  /** Row spacing, column spacing in millimetres. */
  readonly spacing: readonly [number, number]
  readonly instanceNumber: number
  readonly more: DataSet
}

const LEVEL = {
  uid: '1.2.3',
  flavour: 'VOLUME',
  columns: 1000,
  rows: 600,
  tile: 256,
  instanceNumber: 1,
  spacing: undefined,
  more: {},
}

/** A level of 1000 by 600 pixels in tiles of 256, but for what is given. */
export function instance(given: Partial<Sample> = {}): DataSet {
  const { uid, flavour, columns, rows, tile, spacing, instanceNumber, more } = {
    ...LEVEL,
    ...given,
  }
  const frames = given.frames ?? Math.ceil(columns / tile) * Math.ceil(rows / tile)
  const measures = { '00280030': { vr: 'DS', Value: spacing ?? [] } }
  return {
    '00080008': { vr: 'CS', Value: ['ORIGINAL', 'PRIMARY', flavour, 'NONE'] },
    '00080018': { vr: 'UI', Value: [uid] },
    '00200013': { vr: 'IS', Value: [instanceNumber] },
    '00209311': { vr: 'CS', Value: ['TILED_FULL'] },
    '00280002': { vr: 'US', Value: [3] },
    '00280004': { vr: 'CS', Value: ['YBR_FULL_422'] },
    '00280008': { vr: 'IS', Value: [frames] },
    '00280010': { vr: 'US', Value: [tile] },
    '00280011': { vr: 'US', Value: [tile] },
    '00280100': { vr: 'US', Value: [8] },
    '00480006': { vr: 'UL', Value: [columns] },
    '00480007': { vr: 'UL', Value: [rows] },
    ...(spacing && {
      '52009229': { vr: 'SQ', Value: [{ '00289110': { vr: 'SQ', Value: [measures] } }] },
    }),
    ...more,
  }
}
