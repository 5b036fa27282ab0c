// SPDX-License-Identifier: Apache-2.0
/** What stands where tissue cannot: a hatched tile, so that nobody takes a gap for glass. */

const SPACING_PX = 16

/** `missing`: the slide has no such frame; `failed`: it has, but it could not be read. */
export type Gap = 'missing' | 'failed'

const COLOURS: Readonly<Record<Gap, { ground: string; line: string }>> = {
  missing: { ground: '#b4b4b4', line: '#9c9c9c' },
  failed: { ground: '#c6b6bc', line: '#b0889a' },
}

/** A hatched tile of the given size. */
export function placeholder(gap: Gap, width: number, height: number): HTMLCanvasElement {
  const canvas = Object.assign(document.createElement('canvas'), { width, height })
  const context = canvas.getContext('2d')
  if (!context) return canvas
  context.fillStyle = COLOURS[gap].ground
  context.fillRect(0, 0, width, height)
  context.strokeStyle = COLOURS[gap].line
  context.lineWidth = 1
  context.beginPath()
  for (let start = -height; start < width; start += SPACING_PX) {
    context.moveTo(start, height)
    context.lineTo(start + height, 0)
  }
  context.stroke()
  return canvas
}
