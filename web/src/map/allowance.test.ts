// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'

import { Allowance } from './allowance'

const AT_FIRST = 131_072

describe('Allowance', () => {
  it('is spent by what is fetched ahead', () => {
    const allowance = new Allowance()
    allowance.begin('a')
    allowance.end('a', 100_000)
    expect(allowance.bytes).toBe(31_072)
    allowance.begin('b')
    allowance.end('b', 100_000)
    expect(allowance.bytes).toBe(-68_928)
  })

  it('grows by a sixteenth of what is shown', () => {
    const allowance = new Allowance()
    allowance.show('a', 50_000)
    expect(allowance.bytes).toBe(AT_FIRST + 3125)
  })

  it('has back what was fetched ahead and is shown, once', () => {
    const allowance = new Allowance()
    allowance.begin('a')
    allowance.end('a', 20_000)
    expect(allowance.isUnused('a')).toBe(true)
    allowance.show('a', 20_000)
    expect(allowance.isUnused('a')).toBe(false)
    expect(allowance.bytes).toBe(AT_FIRST + 1250)
  })

  it('is not spent by what is shown while it is on its way', () => {
    const allowance = new Allowance()
    allowance.begin('a')
    allowance.show('a', 20_000)
    allowance.end('a', 20_000)
    expect(allowance.bytes).toBe(AT_FIRST + 1250)
  })

  it('is not spent by what does not come', () => {
    const allowance = new Allowance()
    allowance.begin('a')
    allowance.end('a', 0)
    expect(allowance.isUnused('a')).toBe(false)
    expect(allowance.bytes).toBe(AT_FIRST)
  })
})
