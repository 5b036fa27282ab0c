// SPDX-License-Identifier: Apache-2.0
/** GeoJSON files read and written a piece at a time. */

import type { Ticket } from '../vector/rpc'
import type { Collection } from './collection'
import { readFeature, writeFeature } from './geojson'
import { FeatureScanner } from './jsonStream'
import { SheetBuilder } from './sheet'

/** Features of one piece of an exported file. */
const PER_PIECE = 2000

export interface Imported {
  readonly builder: SheetBuilder
  /** Features that could not be understood. */
  readonly left: number
}

/** Read a file; gives up when its call is cancelled. */
export async function importFile(file: File, ticket: Ticket): Promise<Imported> {
  const builder = new SheetBuilder()
  let [left, read] = [0, 0]
  const scanner = new FeatureScanner((feature) => {
    const drawn = readFeature(feature)
    if (drawn.length === 0) left++
    for (const each of drawn) builder.add(each)
  })
  const decoder = new TextDecoder()
  const reader = bytesOf(file).getReader()
  let rested = performance.now()
  for (;;) {
    const { done, value } = await reader.read()
    if (ticket.cancelled()) {
      await reader.cancel()
      break
    }
    if (done) {
      scanner.end()
      break
    }
    scanner.push(decoder.decode(value, { stream: true }))
    read += value.length
    if (performance.now() - rested < 60) continue
    ticket.progress(Math.min(1, read / file.size))
    await new Promise((resolve) => setTimeout(resolve)) // tiles and cancelling come between
    rested = performance.now()
  }
  return { builder, left }
}

function bytesOf(file: File): ReadableStream<Uint8Array<ArrayBuffer>> {
  const bytes = file.stream()
  return file.name.endsWith('.gz') ? bytes.pipeThrough(new DecompressionStream('gzip')) : bytes
}

/** All annotations as a FeatureCollection, a feature a line. */
export function exportBlob(collection: Collection): Blob {
  const pieces: Blob[] = []
  const ids = collection.ids('')
  for (let from = 0; from < ids.length; from += PER_PIECE) {
    const features = ids
      .slice(from, from + PER_PIECE)
      .map((id) => collection.get(id))
      .filter((each) => each !== null)
      .map(writeFeature)
    pieces.push(new Blob([from > 0 ? ',\n' : '', features.join(',\n')]))
  }
  return new Blob(['{"type":"FeatureCollection","features":[\n', ...pieces, '\n]}\n'], {
    type: 'application/geo+json',
  })
}
