// SPDX-License-Identifier: Apache-2.0
/** What the worker of bulk annotations does: unpack their numbers, draw them, find them. */

import { paintTile, type Style, type TileRect } from '../vector/paint'
import type { Methods } from '../vector/rpc'
import { batchOf, hitTest, type Batch } from '../vector/scene'
import type { Point } from '../vector/shape'
import type { Affine } from './affine'
import { packGroup, type Layout } from './groups'

const batches = new Map<number, Batch>()
let shown: readonly number[] = []

export interface Given {
  readonly id: number
  readonly layout: Layout
  readonly coordinates: Uint8Array<ArrayBuffer>
  readonly double: boolean
  readonly starts: Uint8Array<ArrayBuffer> | null
  readonly toBase: Affine
}

const never = (): boolean => false

function drawn(): Batch[] {
  return shown.map((id) => batches.get(id)).filter((batch) => batch !== undefined)
}

export const WORK = {
  /** Take a group's numbers (OF or OD, and OL), little endian; tells how many shapes there are. */
  add({ id, layout, coordinates, double, starts, toBase }: Given): number {
    const bytes = coordinates.slice().buffer
    const values = double ? new Float64Array(bytes) : new Float32Array(bytes)
    const list = starts && new Uint32Array(starts.slice().buffer)
    const batch = batchOf(packGroup(layout, values, list, toBase), 0)
    batches.set(id, batch)
    return batch.packed.count
  },

  show(ids: readonly number[]): void {
    shown = ids
  },

  hit({ at, tolerance }: { at: Point; tolerance: number }): string | null {
    const found = hitTest(drawn(), at, tolerance, never)
    return found?.batch.packed.groups[0]?.label ?? null
  },

  paint({ rect, style }: { rect: TileRect; style: Style }): ImageBitmap | null {
    const canvas = new OffscreenCanvas(rect.size, rect.size)
    const context = canvas.getContext('2d')
    if (!context) return null
    return paintTile(context, drawn(), rect, style, never) ? canvas.transferToImageBitmap() : null
  },
} satisfies Methods

export type Work = typeof WORK
