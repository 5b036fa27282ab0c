// SPDX-License-Identifier: Apache-2.0
/** What stands where tissue cannot: a hatched tile, so that nobody takes a gap for glass. */

const SPACING_PX = 16

/** `missing`: the slide has no such frame; `failed`: it has, but it could not be read. */
export type Gap = 'missing' | 'failed'

interface Look {
  readonly ground: string
  readonly line: string
  readonly width: number
}

/** Below a tile that failed lies the blurred slide, which is better than nothing: it shows through. */
const LOOKS: Readonly<Record<Gap, Look>> = {
  missing: { ground: '#b4b4b4', line: '#9c9c9c', width: 1 },
  failed: { ground: 'rgb(198 182 188 / 40%)', line: 'rgb(150 40 90 / 70%)', width: 2 },
}

/** A hatched tile of the given size. */
export function placeholder(gap: Gap, width: number, height: number): HTMLCanvasElement {
  const canvas = Object.assign(document.createElement('canvas'), { width, height })
  const context = canvas.getContext('2d')
  if (!context) return canvas
  const look = LOOKS[gap]
  context.fillStyle = look.ground
  context.fillRect(0, 0, width, height)
  context.strokeStyle = look.line
  context.lineWidth = look.width
  context.beginPath()
  for (let start = -height; start < width; start += SPACING_PX) {
    context.moveTo(start, height)
    context.lineTo(start + height, 0)
  }
  context.stroke()
  return canvas
}
