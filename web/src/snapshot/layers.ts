// SPDX-License-Identifier: Apache-2.0
/** What a map has drawn, all its layers, put together in one canvas. */

import type { Size } from '../dicom/geometry'

type Matrix = [number, number, number, number, number, number]

/** Draw a map's layers as they lie on the screen into a canvas whose unit is a CSS pixel. */
export function drawLayers(
  context: CanvasRenderingContext2D,
  viewport: HTMLElement,
  { width }: Size,
  mirrored: boolean,
): void {
  context.save()
  if (mirrored) context.transform(-1, 0, 0, 1, width, 0)
  for (const canvas of viewport.querySelectorAll<HTMLCanvasElement>(
    '.ol-layer canvas, canvas.ol-layer',
  )) {
    if (canvas.width === 0 || canvas.height === 0) continue
    context.save()
    context.globalAlpha = opacityOf(canvas)
    context.transform(...matrixOf(canvas, width))
    context.drawImage(canvas, 0, 0)
    context.restore()
  }
  context.restore()
}

/** How a canvas of OpenLayers' lies on the screen: by its transform, or else by its width. */
function matrixOf(canvas: HTMLCanvasElement, width: number): Matrix {
  const [, written = ''] = /^matrix\((.*)\)$/.exec(canvas.style.transform) ?? []
  const matrix = written.split(',').map(Number)
  if (matrix.length === 6 && matrix.every(Number.isFinite)) return matrix as Matrix
  const scale = width / canvas.width
  return [scale, 0, 0, scale, 0, 0]
}

function opacityOf(canvas: HTMLCanvasElement): number {
  const told = canvas.style.opacity || canvas.parentElement?.style.opacity
  return told ? Number(told) : 1
}
