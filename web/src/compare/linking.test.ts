// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'

import { applied, composed, IDENTITY, inverted } from './affine'
import {
  centred,
  isNear,
  offsetOf,
  planeThrough,
  realigned,
  remainder,
  screenPlace,
  viewFrom,
  viewThrough,
} from './linking'
import { closeTo, maps, unfolded, views } from './samples'

/** Each of its own turn, size and mirror. */
const few = views.filter((_, index) => index % 5 === 0)
const SCREEN = { width: 800, height: 600 }

describe('linked views', () => {
  it('of a slide and of the plane tell each other', () => {
    for (const alignment of maps)
      for (const view of few) {
        const plane = planeThrough(alignment, view)
        closeTo(unfolded(viewThrough(alignment, plane)), unfolded(view))
        const back = planeThrough(alignment, viewThrough(alignment, view))
        closeTo(unfolded(back), unfolded(view))
      }
  })

  it('show the same place at the same physical size, whatever the pixels are', () => {
    const alignment = centred({ x: 4000, y: 3000 }, { x: 5000, y: 2000 })
    const plane = viewFrom(
      {
        centre: { x: 10_200, y: 4000 },
        downsample: 4,
        rotation: 0.5,
        screen: SCREEN,
      },
      0.5,
    )
    const view = viewThrough(alignment, plane)
    expect(view.scale).toBeCloseTo(2, 9)
    expect(view.turn).toBeCloseTo(0.5, 9)
    closeTo(view.centre, { x: 4100, y: 3000 })
  })

  it('put what is aligned at the same place of each screen, once the remainder is made up for', () => {
    for (const alignment of maps)
      for (const plane of few) {
        const place = {
          x: plane.centre.x + 40 * plane.scale,
          y: plane.centre.y - 9 * plane.scale,
        }
        const own = applied(inverted(alignment), place)
        const first = screenPlace(plane, place, SCREEN)
        const seen = screenPlace(viewThrough(alignment, plane), own, SCREEN)
        const rest = remainder(alignment, plane)
        const about = applied(rest, { x: seen.x - 400, y: seen.y - 300 })
        closeTo({ x: about.x + 400, y: about.y + 300 }, first, 4)
      }
  })
})

describe('realigned', () => {
  it('keeps place, turn and mirror of a slide that moved alone, at the size it is aligned to', () => {
    for (const alignment of maps.slice(-4))
      for (const plane of few)
        for (const now of few) {
          const kept = realigned(alignment, plane, now)
          const seen = viewThrough(kept, plane)
          const scale = viewThrough(alignment, plane).scale
          closeTo(unfolded(seen), unfolded({ ...now, scale }), 5)
        }
  })

  it('changes nothing where nothing was moved', () => {
    for (const alignment of maps.slice(-4))
      for (const plane of few)
        closeTo(realigned(alignment, plane, viewThrough(alignment, plane)), alignment, 5)
  })
})

describe('offsetOf', () => {
  it('tells shift, turn, size, mirror and stretch against the middles', () => {
    const [middle, first] = [
      { x: 10, y: 20 },
      { x: 300, y: 400 },
    ]
    closeTo(offsetOf(centred(middle, first), middle, first), {
      ...{
        shift: { x: 0, y: 0 },
        turn: 0,
        scale: 1,
        mirrored: false,
        stretch: 0,
      },
    })
    const moved = composed({ ...IDENTITY, a: -2, d: 2, e: 7, f: 0 }, IDENTITY)
    const told = offsetOf(moved, { x: 0, y: 0 }, { x: 0, y: 0 })
    closeTo(told, {
      shift: { x: 7, y: 0 },
      turn: 0,
      scale: 2,
      mirrored: true,
      stretch: 0,
    })
  })
})

describe('two views', () => {
  const view = { centre: { x: 1000, y: 2000 }, scale: 0.5, turn: 3, mirrored: false }

  it('are the same but for what an address rounds', () => {
    expect(isNear(view, { ...view, centre: { x: 1000.04, y: 2000 } })).toBe(true)
    expect(isNear(view, { ...view, turn: 3 + 2 * Math.PI })).toBe(true)
    expect(isNear(view, { ...view, scale: 0.5000000001 })).toBe(true)
  })

  it('are two where a reader would see it', () => {
    expect(isNear(view, null)).toBe(false)
    expect(isNear(view, { ...view, centre: { x: 1000, y: 2000.06 } })).toBe(false)
    expect(isNear(view, { ...view, turn: 3.01 })).toBe(false)
    expect(isNear(view, { ...view, scale: 0.501 })).toBe(false)
    expect(isNear(view, { ...view, mirrored: true })).toBe(false)
  })
})
