// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'

import { toldWindow } from './toldWindow'

function window(centre: number, width: number, func?: string): object {
  return {
    '00281050': { Value: [centre] },
    '00281051': { Value: [width] },
    ...(func && { '00281056': { Value: [func] } }),
  }
}

const rescaled = { '00281052': { Value: [-1000] }, '00281053': { Value: [2] } }

describe('the window of a slide', () => {
  test('is that of all frames, in stored values', () => {
    const shared = {
      '00289132': { Value: [window(1000, 2000, 'LINEAR_EXACT')] },
      '00289145': { Value: [rescaled] },
    }

    expect(toldWindow({ '52009229': { Value: [shared] } })).toEqual([500, 1500])
  })

  test('is that of the first frame, before that of all', () => {
    const [shared, first] = [100, 201].map((centre) => ({
      '00289132': { Value: [window(centre, 11)] },
    }))

    expect(toldWindow({ '52009229': { Value: [shared] }, '52009230': { Value: [first] } })).toEqual(
      [195.5, 205.5],
    )
  })

  test('is told by older slides in another place', () => {
    expect(toldWindow({ ...window(128, 257) })).toEqual([-0.5, 255.5])
  })

  test('that makes no sense is none', () => {
    expect(toldWindow({})).toBeNull()
    expect(toldWindow({ ...window(100, 0) })).toBeNull()
    expect(toldWindow({ ...window(100, 1) })).toBeNull()
  })
})
