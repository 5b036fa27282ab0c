// SPDX-License-Identifier: Apache-2.0
/** The name of an ICC profile, for the reader of a slide (ICC.1:2022 7.2 and 10.15; v2 6.5.17). */

/** Return the text of the profile's `desc` tag; `null` where there is none that can be read. */
export function profileDescription(profile: Uint8Array): string | null {
  const view = new DataView(profile.buffer, profile.byteOffset, profile.byteLength)
  try {
    const offset = descriptionOffset(view)
    return offset === null ? null : descriptionAt(view, offset)
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

function descriptionOffset(view: DataView): number | null {
  const tags = Math.min(view.getUint32(128), 100)
  for (let tag = 0; tag < tags; tag++) {
    const entry = 132 + tag * 12
    if (ascii(view, entry, 4) === 'desc') return view.getUint32(entry + 4)
  }
  return null
}

function descriptionAt(view: DataView, offset: number): string | null {
  const kind = ascii(view, offset, 4)
  if (kind === 'desc') return clean(ascii(view, offset + 12, view.getUint32(offset + 8)))
  if (kind !== 'mluc' || view.getUint32(offset + 8) === 0) return null
  return clean(utf16(view, offset + view.getUint32(offset + 24), view.getUint32(offset + 20)))
}

function ascii(view: DataView, offset: number, length: number): string {
  return characters(length, (index) => view.getUint8(offset + index))
}

function utf16(view: DataView, offset: number, bytes: number): string {
  return characters(bytes / 2, (index) => view.getUint16(offset + index * 2))
}

function characters(count: number, code: (index: number) => number): string {
  return Array.from({ length: Math.min(count, 200) }, (_, index) =>
    String.fromCharCode(code(index)),
  ).join('')
}

function clean(value: string): string | null {
  return value.split('\0')[0]?.trim() ?? null
}
