// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'

import { mediaTypeOf, onlyPart } from './multipart'

const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0))

describe('the part of an answer', () => {
  test.each([
    ['multipart/related; type="image/jpeg; transfer-syntax=1.2"; boundary=a-b', 'a-b'],
    ['multipart/related; boundary="a b"; type="image/jpeg"', 'a b'],
    ['Multipart/Related; Boundary=xyz', 'xyz'],
  ])('is found by %s', (contentType, boundary) => {
    const body = bytes(
      `--${boundary}\r\nContent-Location: http://x/frames/1\r\ncontent-type: image/jpeg; q=1\r\n` +
        `\r\nAB\r\n\r\nC\r\n--${boundary}--\r\n`,
    )

    const found = onlyPart(contentType, body)

    expect(found?.contentType).toBe('image/jpeg; q=1')
    expect(found?.bytes).toEqual(bytes('AB\r\n\r\nC'))
  })

  test('is the answer itself where that is in no parts', () => {
    expect(onlyPart('image/jpeg', bytes('A'))).toEqual({
      contentType: 'image/jpeg',
      bytes: bytes('A'),
    })
  })

  test.each(['', '--a\r\n', '--a\r\n\r\nB', '--b\r\n\r\nB\r\n--b--', '--a\r\n\r\n--a--'])(
    'is not found in %j',
    (body) => {
      expect(onlyPart('multipart/related; boundary=a', bytes(body))).toBeNull()
    },
  )
})

test.each([
  ['image/JP2; transfer-syntax=1.2', [1, 2], 'image/jp2'],
  ['', [0xff, 0xd8, 0xff, 0xe0, 0xff, 0xd9], 'image/jpeg'],
  ['application/octet-stream', [0xff, 0xd8, 0xff, 0xdb, 0, 0xff, 0xd9, 0], 'image/jpeg'],
  ['application/octet-stream', [0xff, 0xd8, 0xff, 0xf7, 0xff, 0xd9], 'image/jls'],
  ['application/octet-stream', [0xff, 0x4f, 0xff, 0x51, 0xff, 0xd9], 'image/jp2'],
  // Light pixels may begin like a JPEG; they do not end like one too.
  ['application/octet-stream', [0xff, 0xd8, 0xff, 0xff, 0xd8, 0xff], 'application/octet-stream'],
])('what is called %s and is %j is %s', (contentType, values, expected) => {
  expect(mediaTypeOf({ contentType, bytes: Uint8Array.from(values) })).toBe(expected)
})
