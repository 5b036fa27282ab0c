// SPDX-License-Identifier: Apache-2.0
/**
 * An ICC profile's header and table of tags (ICC.1:2022 7.2, 7.3; ICC.1:2001-04 6.1, 6.2). Only
 * profiles of RGB devices are read, which is what a slide scanner has.
 */

import { said } from '../words/said'

/** A profile that is damaged, or of a kind that is not read; `retold` words it for the reader. */
export class ProfileError extends Error {
  override readonly name = 'ProfileError'
}

/** The space in which a profile says what its colours are. */
export type ConnectionSpace = 'XYZ' | 'Lab'

export interface Profile {
  readonly space: ConnectionSpace
  /** The bytes of a tag; `null` where the profile has none. */
  readonly tag: (signature: string) => DataView | null
}

const HEADER = 128
const ENTRY = 12
const MOST_TAGS = 200

/**
 * Read a profile.
 *
 * @throws ProfileError where it is none, or is not of an RGB device
 */
export function readProfile(bytes: Uint8Array): Profile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < HEADER + 4 || signature(view, 36) !== 'acsp')
    throw new ProfileError(said('it is damaged'))
  const device = signature(view, 16).trim()
  if (device !== 'RGB')
    throw new ProfileError(said('it is of {kind} colours, not RGB', { kind: device || '?' }))
  const space = signature(view, 20).trim()
  if (space !== 'XYZ' && space !== 'Lab') throw new ProfileError(said('it links two devices'))
  const tags = tagsOf(view)
  return { space, tag: (name) => tags.get(name) ?? null }
}

/** Four characters. */
export function signature(view: DataView, offset: number): string {
  if (offset + 4 > view.byteLength) return ''
  return String.fromCharCode(...[0, 1, 2, 3].map((index) => view.getUint8(offset + index)))
}

/** A signed number of 32 bits, 16 of them behind the point (ICC.1:2022 4.6). */
export function fixed(view: DataView, offset: number): number {
  return view.getInt32(offset) / 65536
}

function tagsOf(view: DataView): Map<string, DataView> {
  const found = new Map<string, DataView>()
  const count = Math.min(view.getUint32(HEADER), MOST_TAGS)
  for (let index = 0; index < count; index++) {
    const entry = HEADER + 4 + index * ENTRY
    if (entry + ENTRY > view.byteLength) break
    const offset = view.getUint32(entry + 4)
    const length = Math.min(view.getUint32(entry + 8), view.byteLength - offset)
    if (offset < HEADER || length < 8) continue
    found.set(signature(view, entry), new DataView(view.buffer, view.byteOffset + offset, length))
  }
  return found
}
