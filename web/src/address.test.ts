// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'

import { formatAddress, isNoPage, parseAddress, oneTurn, type Address } from './address'

const LIST: Address = {
  slide: null,
  study: null,
  place: null,
  panels: null,
  search: '',
  sort: null,
  row: null,
  file: null,
  language: null,
}

test.each([
  ['/', false],
  ['/jobs', false],
  ['/studies/1.2', false],
  ['/studies/1.2/series/3.4/', false],
  ['/nope', true],
  ['/jobs/1', true],
  ['/studies/', true],
  ['/studies/1.2/series/x', true],
])('%s is no page: %s', (pathname, expected) => {
  expect(isNoPage(pathname)).toBe(expected)
})

describe('the address bar', () => {
  test('a slide’s view is written out', () => {
    const address = formatAddress({
      ...LIST,
      slide: { study: '1.2', series: '1.2.3' },
      place: { centre: { x: 1000.126, y: 50 }, scale: 0.499, degrees: 90 },
      panels: ['info', 'overview'],
    })

    expect(address).toBe(
      '/studies/1.2/series/1.2.3?x=1000.13&y=50&mpp=0.499&r=90&show=info+overview',
    )
  })

  test.each<Address>([
    LIST,
    { ...LIST, search: 'doe #4 &' },
    { ...LIST, slide: { study: '1.2', series: '3.4' } },
    { ...LIST, slide: { study: '1.2', series: '3.4' }, panels: [] },
    { ...LIST, search: 'doe', sort: 'patient', row: 17, language: 'de' },
    { ...LIST, study: '1.2', file: '3.4/5.6' },
    { ...LIST, study: '1.2', slide: { study: '1.2', series: '3.4' } },
    {
      ...LIST,
      slide: { study: '1.2', series: '3.4' },
      place: { centre: { x: 12.5, y: -3 }, scale: 0.12345678, degrees: 270.5 },
      panels: ['info'],
    },
    {
      ...LIST,
      slide: { study: '1.2', series: '3.4' },
      place: { centre: { x: 1, y: 2 }, scale: 0.5, degrees: 30, mirrored: true },
    },
  ])('what is written is read back: %j', (address) => {
    const [path = '', query = ''] = formatAddress(address).split('?')

    expect(parseAddress(path, query)).toEqual(address)
  })

  test('a slide without spacing has a scale in its own pixels', () => {
    const place = { centre: { x: 1, y: 2 }, scale: 4, degrees: 0 }
    const written = formatAddress({ ...LIST, slide: { study: '1', series: '2' }, place }, false)

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

  test('an unknown path is the worklist', () => {
    expect(parseAddress('/studies/<b>/series/1', '')).toEqual(LIST)
    expect(parseAddress('/studies/x', '')).toEqual(LIST)
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
