// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'

import { TAGS } from '../dicom/tags'
import { outcomeOf } from './answers'
import { MomentaryError } from './queue'

const failed = (reason: number, sequence: 'FailedSOPSequence' | 'OtherFailuresSequence'): string =>
  JSON.stringify({
    [TAGS[sequence]]: {
      vr: 'SQ',
      Value: [{ [TAGS.FailureReason]: { vr: 'US', Value: [reason] } }],
    },
  })

test.each([
  [200, '{}', { state: 'stored' }],
  [202, '[]', { state: 'stored' }],
  [
    409,
    failed(0x0111, 'FailedSOPSequence'),
    { state: 'refused', reason: 'another file is stored under its UID (0111H)' },
  ],
  [
    409,
    failed(0xc000, 'OtherFailuresSequence'),
    { state: 'refused', reason: 'it is damaged, cut short, or has no valid UIDs (C000H)' },
  ],
  [
    409,
    failed(0x1234, 'FailedSOPSequence'),
    { state: 'refused', reason: 'the server refused it (1234H)' },
  ],
  [
    400,
    '{"error": "x", "message": "what is wrong"}',
    { state: 'refused', reason: 'the server says: what is wrong' },
  ],
  [413, '', { state: 'refused', reason: 'it is larger than the server takes' }],
  [418, '<html>', { state: 'refused', reason: 'the server answered 418; its log says more' }],
])('%d %s', (status, body, expected) => {
  expect(outcomeOf(status, body)).toEqual(expected)
})

test.each([0, 429, 503])('%d is for a moment', (status) => {
  expect(() => outcomeOf(status, '')).toThrow(MomentaryError)
})
