// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it, vi } from 'vitest'

vi.mock('../ui/keyboard', () => ({ keyName: (key: string) => `<${key}>` }))

const { found, rowsOf, sectionsOf } = await import('./rows')

const run = (): void => undefined
const ZOOM = { label: 'zoom in', keys: ['+', '='], run }
const DIGITS = ['1', '2', '3', '4'].map((key) => ({ label: 'preset', keys: [key], run }))

describe('rowsOf', () => {
  it('has all keys of a command, and one line for those of one name', () => {
    expect(rowsOf([ZOOM, ...DIGITS])).toEqual([
      { keys: ['<+>', '<=>'], meaning: 'zoom in' },
      { keys: ['<1> … <4>'], meaning: 'preset' },
    ])
  })
})

describe('found', () => {
  const sections = sectionsOf([
    { title: 'view', commands: [ZOOM, ...DIGITS] },
    { title: 'page', commands: [{ label: 'theme', keys: ['t'], run }] },
  ])

  it('is everything where nothing is sought', () => {
    expect(found(sections, ' ')).toEqual(sections)
  })

  it('has all words, in meaning, key or section', () => {
    expect(found(sections, 'ZOOM view').map(({ rows }) => rows.length)).toEqual([1])
    expect(found(sections, 'zoom page')).toEqual([])
    expect(found(sections, '<t>')[0]?.title).toBe('page')
  })
})
