// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'

import type { DataSet } from '../dicom/json'
import { TAGS, type Keyword } from '../dicom/tags'
import { after, between, IDENTITY, inverse, placed, toSlide } from './affine'
import { hex, labToRgb, viridis } from './colours'
import { frameImage } from './frames'
import { framesOn, levelFor } from './framePainter'
import { extremes, paintValues, quantityOf, samplesOf } from './parametric'
import { paintSegments, segmentsOf } from './segmentation'

function dataSet(given: Partial<Record<Keyword, readonly unknown[]>>): DataSet {
  return Object.fromEntries(
    Object.entries(given).map(([keyword, Value]) => [TAGS[keyword as Keyword], { Value }]),
  )
}

/** An image whose rows run along the slide's negative y, as scanners have it. */
function image(spacing: number, x: number, y: number, more: Parameters<typeof dataSet>[0] = {}) {
  const measures = dataSet({ PixelSpacing: [spacing, spacing] })
  return dataSet({
    SOPInstanceUID: ['1.2'],
    Columns: [10],
    Rows: [10],
    TotalPixelMatrixOriginSequence: [
      dataSet({ XOffsetInSlideCoordinateSystem: [x], YOffsetInSlideCoordinateSystem: [y] }),
    ],
    ImageOrientationSlide: [0, -1, 0, -1, 0, 0],
    SharedFunctionalGroupsSequence: [dataSet({ PixelMeasuresSequence: [measures] })],
    ...more,
  })
}

const BASE = image(0.001, 20, 40)

describe('affine', () => {
  it('has the middle of the first pixel at the origin', () => {
    const onSlide = toSlide(BASE) ?? IDENTITY

    expect(placed(onSlide, 0.5, 0.5)).toEqual([20, 40])
    const [x, y] = placed(onSlide, 100.5, 50.5)
    expect(x).toBeCloseTo(20 - 0.05, 9)
    expect(y).toBeCloseTo(40 - 0.1, 9)
  })

  it('lays an image on another', () => {
    // Twice as coarse; its first pixel covers the first two by two of the base.
    const coarse = image(0.002, 20 - 0.0005, 40 - 0.0005)

    const found = between(coarse, BASE) ?? IDENTITY

    const [x, y] = placed(found, 3, 7)
    expect(x).toBeCloseTo(6, 6)
    expect(y).toBeCloseTo(14, 6)
    expect(between(dataSet({}), BASE)).toBeNull()
  })

  it('is undone by its inverse', () => {
    const some = { a: 2, b: 1, c: -1, d: 3, e: 5, f: -7 }
    const none = after(inverse(some) ?? IDENTITY, some)

    expect(placed(none, 3, 4).map((value) => Math.round(value * 1e9) / 1e9)).toEqual([3, 4])
    expect(inverse({ ...some, a: 0, b: 0 })).toBeNull()
  })
})

describe('frames', () => {
  it('lie where TILED_FULL has them, segment after segment', () => {
    const full = image(0.001, 20, 40, {
      DimensionOrganizationType: ['TILED_FULL'],
      TotalPixelMatrixColumns: [25],
      TotalPixelMatrixRows: [12],
    })

    const found = frameImage(full, BASE, [1, 4])

    expect(found?.frames).toHaveLength(12)
    expect(found?.frames[4]).toEqual({ number: 5, channel: 1, left: 10, top: 10 })
    expect(found?.frames[6]).toEqual({ number: 7, channel: 4, left: 0, top: 0 })
  })

  it('lie where each says, on or off a grid', () => {
    const group = (column: number, row: number, segment: number) =>
      dataSet({
        SegmentIdentificationSequence: [dataSet({ ReferencedSegmentNumber: [segment] })],
        PlanePositionSlideSequence: [
          dataSet({
            ColumnPositionInTotalImagePixelMatrix: [column],
            RowPositionInTotalImagePixelMatrix: [row],
          }),
        ],
      })
    const sparse = image(0.001, 20, 40, {
      PerFrameFunctionalGroupsSequence: [group(1, 1, 2), group(7, 33, 1)],
    })

    const found = frameImage(sparse, BASE, [1, 2])

    expect(found?.frames).toEqual([
      { number: 1, channel: 2, left: 0, top: 0 },
      { number: 2, channel: 1, left: 6, top: 32 },
    ])
    const rect = { left: 10, top: 30, scaleX: 1, scaleY: 1, size: 8 }
    expect(found && framesOn(found, rect).map(({ number }) => number)).toEqual([2])
  })

  it('come from the level whose pixels are about as large as those of the screen', () => {
    const levels = [0.001, 0.004, 0.016].map((spacing) => {
      const found = frameImage(image(spacing, 20, 40), BASE, [1])
      if (!found) throw new Error('not placed')
      return found
    })
    const at = (scale: number) =>
      Math.round(
        levelFor(levels, { left: 0, top: 0, scaleX: scale, scaleY: scale, size: 1 })?.downsample ??
          0,
      )

    expect([2, 1, 1 / 2, 1 / 4, 1 / 15, 1 / 100].map(at)).toEqual([1, 1, 1, 4, 4, 16])
  })
})

describe('segmentations', () => {
  const colours = new Map([
    [1, '#ff0000'],
    [2, '#0000ff'],
  ])
  const alpha = (rgba: Uint8ClampedArray) => [...rgba].filter((_, at) => at % 4 === 3)

  it('of bits have the lowest bit first', () => {
    const reading = { type: 'BINARY', pixels: 9, bitsAllocated: 1, most: 255 } as const

    const rgba = paintSegments(Uint8Array.of(0b10000001, 1), reading, 1, colours)

    expect(alpha(rgba)).toEqual([255, 0, 0, 0, 0, 0, 0, 255, 255])
    expect([...rgba.slice(0, 3)]).toEqual([255, 0, 0])
  })

  it('of fractions are as opaque as these', () => {
    const reading = { type: 'FRACTIONAL', pixels: 3, bitsAllocated: 8, most: 200 } as const

    const rgba = paintSegments(Uint8Array.of(0, 100, 200), reading, 2, colours)

    expect(alpha(rgba)).toEqual([0, 128, 255])
  })

  it('of labels have the colour of each; what is not to be seen is clear', () => {
    const reading = { type: 'LABELMAP', pixels: 4, bitsAllocated: 16, most: 255 } as const

    const rgba = paintSegments(Uint8Array.of(2, 0, 0, 0, 1, 0, 1, 1), reading, 1, colours)

    expect(alpha(rgba)).toEqual([255, 0, 255, 0])
    expect([...rgba.slice(0, 3)]).toEqual([0, 0, 255])
  })

  it('name their segments, but not the background of a label map', () => {
    const segments = [0, 3].map((number) =>
      dataSet({ SegmentNumber: [number], SegmentLabel: [`s${number}`] }),
    )
    const found = segmentsOf(dataSet({ SegmentationType: ['LABELMAP'], SegmentSequence: segments }))

    expect(found.map(({ number, label }) => [number, label])).toEqual([[3, 's3']])
  })
})

describe('parametric maps', () => {
  it('say what their numbers mean', () => {
    const mapping = dataSet({
      LUTLabel: ['d'],
      LUTExplanation: ['density'],
      RealWorldValueSlope: [2],
      RealWorldValueIntercept: [1],
      DoubleFloatRealWorldValueFirstValueMapped: [0],
      DoubleFloatRealWorldValueLastValueMapped: [10],
      MeasurementUnitsCodeSequence: [dataSet({ CodeValue: ['um'] })],
    })
    const groups = [dataSet({ RealWorldValueMappingSequence: [mapping] })]

    expect(quantityOf(dataSet({ SharedFunctionalGroupsSequence: groups }))).toEqual({
      name: 'density',
      unit: 'um',
      slope: 2,
      intercept: 1,
      range: [1, 21],
    })
    expect(quantityOf(dataSet({})).range).toBeNull()
  })

  it('are drawn in colours, clear where there is no number', () => {
    const quantity = { name: '', unit: '', slope: 2, intercept: 0, range: null }
    const bytes = new Uint8Array(Float32Array.of(0, 5, NaN).buffer)
    const values = samplesOf(bytes, 'float')

    expect(extremes(values, quantity)).toEqual([0, 10])
    const rgba = paintValues(values, quantity, [0, 10])
    expect([...rgba.slice(0, 8)]).toEqual([68, 1, 84, 255, 253, 231, 37, 255])
    expect(rgba[11]).toBe(0)
  })
})

describe('colours', () => {
  it('are those of CIELab', () => {
    expect(hex(labToRgb(100, 0, 0))).toMatch(/^#f[ef]f[ef]f[ef]$/)
    expect(hex(labToRgb(0, 0, 0))).toBe('#000000')
    const [red, green, blue] = labToRgb(54.29, 80.81, 69.89) // sRGB red under D50
    expect(red).toBeGreaterThan(252)
    expect(Math.max(green, blue)).toBeLessThan(8)
  })

  it('of values go from dark to bright', () => {
    expect([viridis(-1), viridis(0.5), viridis(2)]).toEqual([
      [68, 1, 84],
      [33, 144, 141],
      [253, 231, 37],
    ])
  })
})
