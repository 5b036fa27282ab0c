// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'

import { formatAddress, parseAddress, oneTurn, type Address } from './address'

const TRAY: Address = { slide: null, place: null, panels: null, search: '' }

describe('the address bar', () => {
  test('a slide’s view is written out', () => {
    const address = formatAddress({
      slide: { study: '1.2', series: '1.2.3' },
      place: { centre: { x: 1000.126, y: 50 }, scale: 0.499, degrees: 90 },
      panels: ['info', 'overview'],
      search: '',
    })

    expect(address).toBe(
      '/studies/1.2/series/1.2.3?x=1000.13&y=50&mpp=0.499&r=90&show=info+overview',
    )
  })

  test.each<Address>([
    TRAY,
    { ...TRAY, search: 'doe #4 &' },
    { ...TRAY, slide: { study: '1.2', series: '3.4' } },
    { ...TRAY, slide: { study: '1.2', series: '3.4' }, panels: [] },
    {
      slide: { study: '1.2', series: '3.4' },
      place: { centre: { x: 12.5, y: -3 }, scale: 0.12345678, degrees: 270.5 },
      panels: ['info'],
      search: '',
    },
    {
      slide: { study: '1.2', series: '3.4' },
      place: { centre: { x: 1, y: 2 }, scale: 0.5, degrees: 30, mirrored: true },
      panels: null,
      search: '',
    },
  ])('what is written is read back: %j', (address) => {
    const [path = '', query = ''] = formatAddress(address).split('?')

    expect(parseAddress(path, query)).toEqual(address)
  })

  test('a slide without spacing has a scale in its own pixels', () => {
    const place = { centre: { x: 1, y: 2 }, scale: 4, degrees: 0 }
    const written = formatAddress({ ...TRAY, slide: { study: '1', series: '2' }, place }, false)

    expect(written).toBe('/studies/1/series/2?x=1&y=2&scale=4&r=0')
    expect(parseAddress('/studies/1/series/2', written.split('?')[1] ?? '').place).toEqual(place)
  })

  test.each([
    'x=1&y=2',
    'x=1&y=2&mpp=0',
    'x=1&y=2&mpp=-1',
    'x=a&y=2&mpp=1',
    'x=&y=2&mpp=1',
    'x=1&y=2&mpp=NaN',
  ])('a view that cannot be is none: %s', (query) => {
    expect(parseAddress('/studies/1/series/2', query).place).toBeNull()
  })

  test('an unknown path is the tray', () => {
    expect(parseAddress('/studies/<b>/series/1', '')).toEqual(TRAY)
    expect(parseAddress('/studies/1', '')).toEqual(TRAY)
  })

  test('the label is never opened by a link', () => {
    expect(parseAddress('/studies/1/series/2', 'show=label+info').panels).toEqual(['info'])
  })

  test('turns are folded into one', () => {
    expect([oneTurn(-90), oneTurn(360), oneTurn(450), oneTurn(12.34), oneTurn(-0.01)]).toEqual([
      270, 0, 90, 12.3, 0,
    ])
  })
})
