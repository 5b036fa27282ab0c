// SPDX-License-Identifier: Apache-2.0
/** The one part of an answer in `multipart/related` (RFC 2387), as DICOMweb services give frames. */

/** What stands in a part. */
export interface Part {
  readonly contentType: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

const BOUNDARY = /;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i
/** No header of a part is longer. */
const MOST_HEADER_BYTES = 8192

/** The part of an answer that has one; the answer itself where it is in no parts; else `null`. */
export function onlyPart(contentType: string, body: Uint8Array<ArrayBuffer>): Part | null {
  if (!/^multipart\//i.test(contentType)) return { contentType, bytes: body }
  const [, quoted, plain] = BOUNDARY.exec(contentType) ?? []
  const delimiter = `--${quoted ?? plain ?? ''}`
  const head = latin1(body.subarray(0, MOST_HEADER_BYTES + delimiter.length))
  const start = head.indexOf(`${delimiter}\r\n`)
  const end = head.indexOf('\r\n\r\n', start)
  if (start < 0 || end < 0) return null
  const fields = head.slice(start, end)
  const close = lastIndexOf(body, `\r\n${delimiter}--`)
  if (close < end + 4) return null
  return {
    contentType: /^content-type:\s*(.*?)\s*$/im.exec(fields)?.[1] ?? '',
    bytes: body.slice(end + 4, close),
  }
}

/** Where a text stands last; nothing follows the end of the last part but an epilogue. */
function lastIndexOf(bytes: Uint8Array, text: string): number {
  const wanted = Uint8Array.from(text, (character) => character.charCodeAt(0))
  for (let at = bytes.length - wanted.length; at >= 0; at--)
    if (wanted.every((value, index) => bytes[at + index] === value)) return at
  return -1
}

function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (value) => String.fromCharCode(value)).join('')
}

/** How codings begin whose frames end with the marker FF D9. */
const BEGINNINGS: readonly (readonly [mediaType: string, bytes: readonly number[]])[] = [
  ['image/jls', [0xff, 0xd8, 0xff, 0xf7]],
  ['image/jpeg', [0xff, 0xd8, 0xff]],
  ['image/jp2', [0xff, 0x4f, 0xff, 0x51]],
]

/** What bytes are by how they begin and end, where it is only said that they are bytes. */
export function mediaTypeOf({ contentType, bytes }: Part): string {
  const said = (contentType.split(';')[0] ?? '').trim().toLowerCase()
  if (said !== '' && said !== 'application/octet-stream') return said
  const coded = BEGINNINGS.find(([, values]) =>
    values.every((value, index) => bytes[index] === value),
  )
  return coded && isEnded(bytes) ? coded[0] : 'application/octet-stream'
}

/** Frames may be padded to an even length (PS3.5 A.4). */
function isEnded(bytes: Uint8Array): boolean {
  const end = bytes.at(-1) === 0 ? bytes.length - 1 : bytes.length
  return bytes[end - 2] === 0xff && bytes[end - 1] === 0xd9
}
