// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import { msg, preferred, retold, t } from './words'
import { GERMAN, PARTS } from './words/de'
import { heard, said } from './words/said'

const QUOTED = /\b(?:t|msg|said)\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/g

/** Every text in the source that is told in the reader's language. */
function told(): Set<string> {
  const root = join(import.meta.dirname)
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (name) => /\.tsx?$/.test(name) && !name.endsWith('.test.ts'),
  )
  const texts = files.flatMap((name) =>
    [...readFileSync(join(root, name), 'utf8').matchAll(QUOTED)].map(([, single, double]) =>
      (single ?? double ?? '').replace(/\\(.)/g, '$1'),
    ),
  )
  return new Set(texts)
}

function places(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name).sort()
}

describe('t', () => {
  it('tells English as it stands in the source, with values in their places', () => {
    expect(t('{count} tiles', { count: 3 })).toBe('3 tiles')
    expect(msg('whole slide')).toBe('whole slide')
  })

  it('leaves a place that has no value', () => {
    expect(t('{count} tiles')).toBe('{count} tiles')
  })
})

describe('said', () => {
  it('is told later, with its values', () => {
    const message = said('it lacks {tag}, {count} times', { tag: 'a=b', count: 2 })

    expect(heard(message)[1]).toEqual({ tag: 'a=b', count: '2' })
    expect(retold(message)).toBe('it lacks a=b, 2 times')
  })

  it('leaves what others say as it is', () => {
    expect(retold('Unexpected token {')).toBe('Unexpected token {')
  })
})

describe('preferred', () => {
  it('takes the first language there is', () => {
    expect(preferred(['fr-FR', 'de-AT', 'en'])).toBe('de')
    expect(preferred(['fr'])).toBe('en')
  })
})

describe('German', () => {
  it('has every text of the source, and no other', () => {
    expect([...Object.keys(GERMAN)].sort()).toEqual([...told()].sort())
  })

  it('has each text once', () => {
    expect(PARTS.flatMap((part) => Object.keys(part))).toHaveLength(Object.keys(GERMAN).length)
  })

  it('has the same places for values', () => {
    for (const [english, german] of Object.entries(GERMAN))
      expect(places(german), english).toEqual(places(english))
  })
})
