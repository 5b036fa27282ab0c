// SPDX-License-Identifier: Apache-2.0
/**
 * Many shapes in a few arrays: a million of them are no more than a million numbers to the
 * browser's memory, go to a worker at no cost, and lie in IndexedDB as they are.
 */

import { num } from './numbers'

import { KINDS, type Ring, type Shape } from './shape'

/** What shapes have in common: how they are called and drawn. */
export interface Group {
  readonly label: string
  /** `#rrggbb`. */
  readonly colour: string
}

export interface Packed {
  readonly count: number
  /** Index into `KINDS`. */
  readonly kinds: Uint8Array
  /** Index into `groups`. */
  readonly group: Uint32Array
  /** First ring of each shape, and the number of rings. */
  readonly ringStart: Uint32Array
  /** First coordinate of each ring, and the number of coordinates. */
  readonly start: Uint32Array
  readonly coordinates: Float64Array | Float32Array
  readonly groups: readonly Group[]
}

/** Collects shapes; arrays grow by doubling. */
export class Packer {
  private kinds = new Uint8Array(1024)
  private group = new Uint32Array(1024)
  private ringStart = new Uint32Array(1024)
  private start = new Uint32Array(1024)
  private coordinates = new Float64Array(16384)
  private readonly groups: Group[] = []
  private readonly known = new Map<string, number>()
  private rings = 0
  private used = 0
  count = 0

  add({ kind, rings }: Shape, group: Group): number {
    const index = this.count++
    this.reserve(rings)
    this.kinds[index] = KINDS.indexOf(kind)
    this.group[index] = this.groupIndex(group)
    for (const ring of rings) {
      this.coordinates.set(ring, this.used)
      this.used += ring.length
      this.start[++this.rings] = this.used
    }
    this.ringStart[index + 1] = this.rings
    return index
  }

  /** The arrays, cut to their length. */
  finish(): Packed {
    return {
      count: this.count,
      kinds: this.kinds.slice(0, this.count),
      group: this.group.slice(0, this.count),
      ringStart: this.ringStart.slice(0, this.count + 1),
      start: this.start.slice(0, this.rings + 1),
      coordinates: this.coordinates.slice(0, this.used),
      groups: this.groups,
    }
  }

  private reserve(rings: readonly Ring[]): void {
    const wanted = rings.reduce((sum, ring) => sum + ring.length, this.used)
    this.kinds = grown(this.kinds, this.count)
    this.group = grown(this.group, this.count)
    this.ringStart = grown(this.ringStart, this.count + 1)
    this.start = grown(this.start, this.rings + rings.length + 1)
    this.coordinates = grown(this.coordinates, wanted)
  }

  private groupIndex(group: Group): number {
    const key = `${group.colour} ${group.label}`
    const known = this.known.get(key)
    if (known !== undefined) return known
    this.known.set(key, this.groups.length)
    return this.groups.push({ label: group.label, colour: group.colour }) - 1
  }
}

/** The shape at an index, copied out. */
export function shapeAt(packed: Packed, index: number): Shape {
  const rings: Ring[] = []
  const [first, end] = [num(packed.ringStart, index), num(packed.ringStart, index + 1)]
  for (let ring = first; ring < end; ring++)
    rings.push(
      Float64Array.from(packed.coordinates.subarray(packed.start[ring], packed.start[ring + 1])),
    )
  return { kind: KINDS[num(packed.kinds, index)] ?? 'point', rings }
}

/** Left, top, right and bottom of each shape, one after the other. */
export function boxesOf({ count, ringStart, start, coordinates }: Packed): Float64Array {
  const boxes = new Float64Array(4 * count)
  for (let index = 0; index < count; index++) {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
    const end = num(start, num(ringStart, index + 1))
    for (let at = num(start, num(ringStart, index)); at < end; at += 2) {
      const x = num(coordinates, at)
      const y = num(coordinates, at + 1)
      if (x < left) left = x
      if (x > right) right = x
      if (y < top) top = y
      if (y > bottom) bottom = y
    }
    boxes.set([left, top, right, bottom], 4 * index)
  }
  return boxes
}

type Growing = Uint8Array | Uint32Array | Float64Array

function grown<Kept extends Growing>(array: Kept, wanted: number): Kept {
  if (wanted < array.length) return array
  const made = new (array.constructor as new (length: number) => Kept)(
    Math.max(2 * array.length, wanted + 1),
  )
  made.set(array)
  return made
}
