// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'

import { sharedLink } from './link'

const HERE =
  'https://pacs.example/viewer/studies/1.2/series/3.4?x=750&y=500&mpp=0.8&r=90&pic=gamma_1.2'

describe('sharedLink', () => {
  it('is the address, below its path, without the drawer that the link is taken from', () => {
    expect(
      sharedLink(`${HERE}&show=share+overview&lang=de`, { panels: true, language: null }),
    ).toBe(HERE)
  })

  it('opens the same panels where that is wanted', () => {
    expect(sharedLink(`${HERE}&show=layers`, { panels: true, language: null })).toBe(
      `${HERE}&show=layers`,
    )
    expect(sharedLink(`${HERE}&show=share`, { panels: true, language: null })).toBe(`${HERE}&show=`)
    expect(sharedLink(`${HERE}&show=layers`, { panels: false, language: null })).toBe(HERE)
  })

  it('speaks a language where that is wanted, and keeps what it does not know', () => {
    expect(
      sharedLink(`${HERE}&server=https%3A%2F%2Fother`, { panels: false, language: 'de' }),
    ).toBe(`${HERE}&server=https%3A%2F%2Fother&lang=de`)
  })
})
