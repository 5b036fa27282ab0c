// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'

import { ellipseRing, polygonShape, signedArea, type Shape } from '../vector/shape'
import { difference, union } from './clip'
import { Collection } from './collection'
import { readFeature, writeFeature } from './geojson'
import { FeatureScanner } from './jsonStream'
import { stepOf, windowOf } from './listWindow'
import type { Drawn } from './model'
import { SheetBuilder } from './sheet'

const POINT: Shape = { kind: 'point', rings: [Float64Array.of(3, 4)] }

function square(left: number, top: number, side: number): Shape {
  const [right, bottom] = [left + side, top + side]
  return polygonShape([[Float64Array.of(left, top, right, top, right, bottom, left, bottom)]])
}

function drawn(shape: Shape, label = '', note = ''): Drawn {
  return { shape, label, note, colour: '#0000ff', form: null }
}

function area({ rings }: Shape): number {
  return rings.reduce((sum, ring) => sum + signedArea(ring), 0)
}

function scanned(...pieces: string[]): unknown[] {
  const found: unknown[] = []
  const scanner = new FeatureScanner((feature) => found.push(feature))
  for (const piece of pieces) scanner.push(piece)
  scanner.end()
  return found
}

describe('readFeature', () => {
  it("understands QuPath's classification", () => {
    const [read] = readFeature({
      type: 'Feature',
      geometry: {
        type: 'Polygon',
        coordinates: [
          [
            [0, 0],
            [4, 0],
            [4, 4],
            [0, 0],
          ],
        ],
      },
      properties: { classification: { name: 'Tumor', color: [200, 0, 0] }, name: 'a1' },
    })

    expect(read).toMatchObject({ label: 'Tumor', colour: '#c80000', note: 'a1' })
    expect(read?.shape.rings).toEqual([Float64Array.of(0, 0, 4, 0, 4, 4)])
  })

  it("understands older QuPath's colours", () => {
    const colorRGB = (0xff << 24) | 0x0a141e
    const feature = {
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [1, 2, 0] },
      properties: { classification: { name: 'x', colorRGB } },
    }

    expect(readFeature(feature)[0]?.colour).toBe('#0a141e')
  })

  it.each([
    null,
    [],
    { type: 'Feature', geometry: null },
    { type: 'Point', coordinates: ['<b>', 1] },
    { type: 'LineString', coordinates: [[1, 2]] },
    { type: 'Circle', coordinates: [1, 2] },
  ])('leaves out what is no shape: %j', (feature) => {
    expect(readFeature(feature)).toEqual([])
  })

  it('takes a collection of geometries apart', () => {
    const geometries = [
      { type: 'Point', coordinates: [1, 2] },
      {
        type: 'MultiLineString',
        coordinates: [
          [
            [0, 0],
            [1, 1],
          ],
          [
            [2, 2],
            [3, 3],
          ],
        ],
      },
    ]

    const shapes = readFeature({ type: 'GeometryCollection', geometries })

    expect(shapes.map(({ shape }) => [shape.kind, shape.rings.length])).toEqual([
      ['point', 1],
      ['line', 2],
    ])
  })
})

describe('writeFeature', () => {
  it.each<Drawn>([
    drawn(POINT, 'mitosis', 'look <here>'),
    drawn({ kind: 'point', rings: [Float64Array.of(1, 2, 3, 4)] }),
    drawn({ kind: 'line', rings: [Float64Array.of(1, 2, 3, 4)] }),
    drawn(difference(square(0, 0, 10), [square(4, 4, 2)])),
    drawn(union([square(0, 0, 2), square(8, 8, 2)])),
    { ...drawn(square(1, 1, 5), 'r'), form: 'rectangle' },
  ])('is read back as it was', (each) => {
    expect(readFeature(JSON.parse(writeFeature(each)))).toEqual([each])
  })
})

describe('FeatureScanner', () => {
  const text =
    '{"name": "features", "features" : [{"a": "}]\\"[{"}, {"b": [1, {"c": 2}]}], "more": [{}]}'
  const features = [{ a: '}]"[{' }, { b: [1, { c: 2 }] }]

  it('finds features wherever the text is cut', () => {
    for (let at = 0; at < text.length; at++)
      expect(scanned(text.slice(0, at), text.slice(at))).toEqual(features)
    expect(scanned(...text.split(''))).toEqual(features)
  })

  it('takes a bare list and a bare geometry', () => {
    expect(scanned('[{"a":1}, ', '{"b":2}]')).toEqual([{ a: 1 }, { b: 2 }])
    expect(scanned('{"type":"Point",', '"coordinates":[1,2]}')).toEqual([
      { type: 'Point', coordinates: [1, 2] },
    ])
  })

  it('says that a text is damaged', () => {
    expect(() => scanned('{"features":[{"a":1}')).toThrow(SyntaxError)
    expect(() => scanned('<html>')).toThrow(SyntaxError)
  })
})

describe('clipping', () => {
  it('joins polygons and cuts holes', () => {
    expect(area(union([square(0, 0, 10), square(5, 0, 10)]))).toBe(150)
    const ring = difference(square(0, 0, 10), [square(4, 4, 2)])
    expect(ring.rings.map((each) => signedArea(each))).toEqual([100, -4])
    expect(difference(square(2, 2, 2), [square(0, 0, 10)]).rings).toEqual([])
  })
})

describe('Collection', () => {
  function imported(): Collection {
    const collection = new Collection()
    const builder = new SheetBuilder()
    for (let index = 0; index < 5; index++)
      builder.add(
        drawn(square(10 * index, 0, 5), index % 2 ? 'odd' : 'even', index === 4 ? 'last' : ''),
      )
    collection.addSheet(builder.finish(collection.reserve(builder.count)))
    return collection
  }

  it('lists what is drawn before what was imported, by label and note', () => {
    const collection = imported()
    const [id] = collection.add([drawn(POINT, 'Odd one')])

    expect(collection.ids('')).toEqual([id, 1, 2, 3, 4, 5])
    expect(collection.ids('ODD')).toEqual([id, 2, 4])
    expect(collection.ids('even last')).toEqual([5])
    expect(collection.rows('odd', 1, 1)).toMatchObject([{ id: 2, label: 'odd', kind: 'polygon' }])
  })

  it('changes what was imported, and takes it back', () => {
    const collection = imported()
    const before = collection.get(3)
    if (!before) throw new Error('not there')
    collection.apply([{ id: 3, after: { ...before, label: 'changed' } }])
    collection.apply([{ id: 1, after: null }])

    expect(collection.get(3)?.label).toBe('changed')
    expect(collection.ids('')).toEqual([3, 2, 4, 5])
    collection.undo()
    collection.undo()
    expect(collection.ids('')).toEqual([1, 2, 3, 4, 5])
    expect(collection.get(3)).toEqual(before)
    collection.redo()
    expect(collection.get(3)?.label).toBe('changed')
    collection.undo()
    collection.undo()
    expect(collection.ids('')).toEqual([])
    expect(collection.canUndo).toBe(false)
  })

  it('gives no id twice, after a reload either', () => {
    const collection = imported()
    const [id = 0] = collection.add([drawn(POINT)])

    const [next] = new Collection(collection.state).add([drawn(POINT)])

    expect(next).toBe(id + 1)
  })

  it('draws edits over sheets', () => {
    const collection = imported()
    collection.apply([{ id: 2, after: { ...drawn(POINT), id: 2 } }])
    collection.setHidden([4], true)

    const [sheet, edits] = collection.batches()

    if (!sheet || !edits) throw new Error('two batches are drawn')
    expect([0, 1, 2, 3, 4].map((index) => collection.isHidden(index, sheet))).toEqual([
      false,
      true,
      false,
      true,
      false,
    ])
    expect(collection.isHidden(0, edits)).toBe(false)
  })
})

describe('the list', () => {
  it('has only lines in view', () => {
    expect(windowOf(34 * 1000, 340)).toEqual({ from: 994, count: 22 })
    expect(windowOf(0, 100)).toEqual({ from: 0, count: 15 })
  })

  it('is walked by keys, not beyond its ends', () => {
    expect(stepOf('ArrowDown', 4, 6)).toBe(5)
    expect(stepOf('PageDown', 4, 6)).toBe(5)
    expect(stepOf('ArrowUp', 0, 6)).toBe(0)
    expect(stepOf('End', 0, 6)).toBe(5)
    expect(stepOf('x', 0, 6)).toBeNull()
    expect(stepOf('End', 0, 0)).toBeNull()
  })
})

describe('ellipseRing', () => {
  it('has its axes at the quarters', () => {
    const ring = ellipseRing([10, 20], [3, 4], [-8, 6], 8)

    expect([...ring.slice(0, 2), ...ring.slice(4, 6)].map(Math.round)).toEqual([13, 24, 2, 26])
  })
})
