// SPDX-License-Identifier: Apache-2.0
/** A figure: the picture, its scale bar, an inset with what it shows marked, the caption below. */

import { scaleBar, type Point } from '../dicom/geometry'
import { length } from '../ui/format'
import { t } from '../words'
import { outlineOn, wrapped, type Inset } from './plan'
import type { Taken } from './take'

export interface Figure {
  readonly main: Taken
  readonly inset: Taken | null
  readonly insetKind: Inset
  /** Micrometres per level-0 pixel; `null` where not calibrated. */
  readonly mpp: number | null
  readonly caption: readonly string[]
  readonly bar: boolean
}

type Context = CanvasRenderingContext2D

const INK = '#111318'
const PAPER = '#fff'
const PLATE = 'rgb(255 255 255 / 88%)'
const MARK = '#0046b8'
/** A bar takes at most so much of the picture's width. */
const BAR_SHARE = 0.18
const INSET_BAR_SHARE = 0.4

/** Draw a figure; all letters and lines go with its size. */
export function drawFigure(figure: Figure): HTMLCanvasElement {
  const { width, height } = figure.main.viewed.screen
  const letters = Math.max(12, Math.round(width / 85))
  const canvas = document.createElement('canvas')
  const context = contextOf(canvas)
  context.font = fontOf(letters)
  const room = width - 2 * letters
  const lines = figure.caption.flatMap((line) =>
    wrapped(line, room, (text) => context.measureText(text).width),
  )
  const below = lines.length > 0 ? Math.ceil((lines.length * 1.4 + 1.2) * letters) : 0
  Object.assign(canvas, { width, height: height + below })
  context.fillStyle = PAPER
  context.fillRect(0, 0, canvas.width, canvas.height)
  context.drawImage(figure.main.canvas, 0, 0)
  if (figure.inset) drawInset(context, figure, figure.inset, letters)
  if (figure.bar) drawBar(context, figure.main, figure.mpp, { letters, share: BAR_SHARE })
  context.font = fontOf(letters)
  context.fillStyle = INK
  context.textBaseline = 'top'
  lines.forEach((line, index) => {
    context.fillText(line, letters, height + (0.7 + index * 1.4) * letters)
  })
  return canvas
}

function drawInset(context: Context, figure: Figure, inset: Taken, letters: number): void {
  const { main, insetKind, mpp } = figure
  const edge = Math.max(2, Math.round(letters / 6))
  const { width, height } = inset.viewed.screen
  const left = main.viewed.screen.width - width - letters
  if (insetKind === 'detail') outline(context, outlineOn(main.viewed, inset.viewed), edge)
  context.save()
  context.translate(left, letters)
  context.fillStyle = PAPER
  context.fillRect(-2 * edge, -2 * edge, width + 4 * edge, height + 4 * edge)
  context.fillStyle = insetKind === 'detail' ? MARK : INK
  context.fillRect(-edge, -edge, width + 2 * edge, height + 2 * edge)
  context.drawImage(inset.canvas, 0, 0)
  context.beginPath()
  context.rect(0, 0, width, height)
  context.clip()
  if (insetKind === 'overview') outline(context, outlineOn(inset.viewed, main.viewed), edge)
  else drawBar(context, inset, mpp, { letters: letters * 0.8, share: INSET_BAR_SHARE })
  context.restore()
}

function outline(context: Context, points: readonly Point[], width: number): void {
  context.beginPath()
  points.forEach(({ x, y }, index) => {
    if (index === 0) context.moveTo(x, y)
    else context.lineTo(x, y)
  })
  context.closePath()
  context.lineJoin = 'miter'
  for (const [colour, wide] of [
    [PAPER, width * 2.5],
    [MARK, width],
  ] as const) {
    context.strokeStyle = colour
    context.lineWidth = wide
    context.stroke()
  }
}

interface BarStyle {
  readonly letters: number
  readonly share: number
}

function drawBar(context: Context, { viewed }: Taken, mpp: number | null, style: BarStyle): void {
  if (mpp === null) return
  const { letters, share } = style
  const { width, height } = viewed.screen
  const bar = scaleBar(mpp * viewed.downsample, width * share)
  const words = length(bar.micrometres)
  context.save()
  context.font = `600 ${letters}px system-ui, sans-serif`
  const wide = Math.max(bar.pixels, context.measureText(words).width)
  // Whole pixels: a bar that begins between two has blurred ends.
  const [pad, thick] = [Math.round(letters * 0.6), Math.max(2, Math.round(letters * 0.28))]
  const high = Math.round(letters * 1.25) + thick
  context.translate(Math.round(letters), Math.round(height - letters) - high - 2 * pad)
  context.fillStyle = PLATE
  context.beginPath()
  context.roundRect(0, 0, wide + 2 * pad, high + 2 * pad, letters * 0.3)
  context.fill()
  context.fillStyle = INK
  context.textAlign = 'center'
  context.textBaseline = 'top'
  context.fillText(words, pad + wide / 2, pad * 0.8)
  context.fillRect(pad + Math.round((wide - bar.pixels) / 2), pad + high - thick, bar.pixels, thick)
  context.restore()
}

function fontOf(letters: number): string {
  return `400 ${letters}px system-ui, sans-serif`
}

function contextOf(canvas: HTMLCanvasElement): Context {
  const context = canvas.getContext('2d')
  if (!context) throw new Error(t('the browser cannot draw a picture of this size'))
  return context
}
