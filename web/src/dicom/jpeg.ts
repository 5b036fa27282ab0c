// SPDX-License-Identifier: Apache-2.0
/**
 * Telling a JPEG decoder that its samples are RGB. Some scanners write RGB JPEG without any
 * marker that says so; DICOM's Photometric Interpretation knows, but a browser's decoder cannot
 * see it and would take the samples as YCbCr.
 *
 * References: ITU-T T.81 B.1.1.3 (markers), Adobe TN 5116 (APP14).
 */

const SOI = 0xd8
const SOS = 0xda
const APP0 = 0xe0
const APP14 = 0xee

/** APP14 of Adobe, version 100, transform 0: no colour transform. */
const NO_TRANSFORM = new Uint8Array([
  0xff,
  APP14,
  0,
  14,
  0x41,
  0x64,
  0x6f,
  0x62,
  0x65,
  0,
  100,
  0,
  0,
  0,
  0,
  0,
])

/** Return the JPEG with an APP14 marker for RGB, unless it has a marker for colour already. */
export function declareRgb(jpeg: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
  if (jpeg[0] !== 0xff || jpeg[1] !== SOI || statesColour(jpeg)) return [jpeg]
  return [jpeg.subarray(0, 2), NO_TRANSFORM, jpeg.subarray(2)]
}

function statesColour(jpeg: Uint8Array): boolean {
  for (const { marker } of segments(jpeg)) if (marker === APP0 || marker === APP14) return true
  return false
}

function* segments(jpeg: Uint8Array): Generator<{ marker: number }> {
  let position = 2
  while (position + 4 <= jpeg.length && jpeg[position] === 0xff) {
    const marker = jpeg[position + 1] ?? SOS
    if (marker === SOS) return
    yield { marker }
    position += 2 + (jpeg[position + 2] ?? 0) * 256 + (jpeg[position + 3] ?? 0)
  }
}
