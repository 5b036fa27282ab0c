// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'

import { addressOf, downloadOf, renderedOf } from './resources'

test('addresses name what they are of', () => {
  expect(addressOf({ study: '1.2' })).toBe('/dicomweb/studies/1.2')
  expect(downloadOf({ study: '1.2', series: '3' })).toBe(
    '/dicomweb/studies/1.2/series/3?accept=application/zip',
  )
  expect(downloadOf({ study: '1.2', series: '3', instance: '4' })).toBe(
    '/dicomweb/studies/1.2/series/3/instances/4?accept=application/dicom',
  )
  expect(renderedOf({ study: '1/2' })).toBe('/dicomweb/studies/1%2F2/rendered')
})
