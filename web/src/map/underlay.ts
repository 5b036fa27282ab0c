// SPDX-License-Identifier: Apache-2.0
/**
 * The whole slide, blurred, below its tiles: what is not there yet is never empty. It is drawn
 * into the canvas of the tiles, which cover it as they come.
 */

import { create, multiply } from 'ol/transform'
import type RenderEvent from 'ol/render/Event'

import type { Size } from '../dicom/geometry'

/** Draw a picture of the whole slide into the canvas that is being rendered. */
export function drawUnderlay(
  { context, frameState, inversePixelTransform }: RenderEvent,
  bitmap: ImageBitmap,
  slide: Size,
): void {
  if (!(context instanceof CanvasRenderingContext2D) || !frameState || !inversePixelTransform)
    return
  // Map units → CSS pixels → pixels of this canvas, which OpenLayers may have turned.
  const toCanvas = multiply(
    multiply(create(), inversePixelTransform),
    frameState.coordinateToPixelTransform,
  )
  const [a = 1, b = 0, c = 0, d = 1, e = 0, f = 0] = toCanvas
  context.save()
  context.setTransform(a, b, c, d, e, f)
  context.imageSmoothingEnabled = true
  context.imageSmoothingQuality = 'high'
  context.scale(slide.width / bitmap.width, -slide.height / bitmap.height)
  context.drawImage(bitmap, 0, 0)
  context.restore()
}
