// SPDX-License-Identifier: Apache-2.0
/** Imported annotations as they came: packed, with what only some of them have beside. */

import { Packer, shapeAt, type Packed } from '../vector/packed'
import { batchOf, type Batch } from '../vector/scene'
import { KINDS } from '../vector/shape'
import type { Annotation, Drawn, Form, Row } from './model'

export interface Sheet {
  readonly batch: Batch
  /** Notes and forms by index. */
  readonly notes: ReadonlyMap<number, string>
  readonly forms: ReadonlyMap<number, Form>
}

/** Collects drawn shapes into a sheet. */
export class SheetBuilder {
  private readonly packer = new Packer()
  private readonly notes = new Map<number, string>()
  private readonly forms = new Map<number, Form>()

  get count(): number {
    return this.packer.count
  }

  add({ shape, label, colour, note, form }: Drawn): void {
    const index = this.packer.add(shape, { label, colour })
    if (note) this.notes.set(index, note)
    if (form) this.forms.set(index, form)
  }

  finish(firstId: number, ids: Uint32Array | null = null): Sheet {
    return sheetOf(
      { firstId, packed: this.packer.finish(), notes: this.notes, forms: this.forms },
      ids,
    )
  }
}

/** A sheet without what can be computed: so it is kept. */
export interface StoredSheet {
  readonly firstId: number
  readonly packed: Packed
  readonly notes: ReadonlyMap<number, string>
  readonly forms: ReadonlyMap<number, Form>
}

export function sheetOf(
  { firstId, packed, notes, forms }: StoredSheet,
  ids: Uint32Array | null = null,
): Sheet {
  return { batch: batchOf(packed, firstId, ids), notes, forms }
}

export function storedSheet({ batch, notes, forms }: Sheet): StoredSheet {
  return { firstId: batch.firstId, packed: batch.packed, notes, forms }
}

export function annotationAt({ batch, notes, forms }: Sheet, index: number): Annotation {
  const { packed, firstId } = batch
  const group = packed.groups[packed.group[index] ?? 0]
  return {
    id: firstId + index,
    shape: shapeAt(packed, index),
    form: forms.get(index) ?? null,
    label: group?.label ?? '',
    colour: group?.colour ?? '#000000',
    note: notes.get(index) ?? '',
  }
}

export function rowAt({ batch, notes, forms }: Sheet, index: number, hidden: boolean): Row {
  const { packed, firstId } = batch
  const group = packed.groups[packed.group[index] ?? 0]
  return {
    id: firstId + index,
    kind: forms.get(index) ?? KINDS[packed.kinds[index] ?? 0] ?? 'point',
    label: group?.label ?? '',
    colour: group?.colour ?? '#000000',
    note: notes.get(index) ?? '',
    hidden,
  }
}

/** Indices of those whose label and note satisfy a test. */
export function* matching(
  { batch, notes }: Sheet,
  matches: (text: string) => boolean,
): Generator<number> {
  const { packed } = batch
  const labels = packed.groups.map(({ label }) => label)
  const plain = labels.map((label) => matches(label))
  for (let index = 0; index < packed.count; index++) {
    const group = packed.group[index] ?? 0
    const note = notes.get(index)
    if (note ? matches(`${labels[group] ?? ''} ${note}`) : plain[group]) yield index
  }
}
