// SPDX-License-Identifier: Apache-2.0
/** A bitmap on the page, drawn once at its own size and scaled by the style sheet. */

import type { JSX } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'

interface Properties {
  readonly bitmap: ImageBitmap
  readonly label: string
}

export function Picture({ bitmap, label }: Properties): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null)
  // Before the browser paints: a canvas is never seen empty.
  useLayoutEffect(() => {
    canvas.current?.getContext('2d')?.drawImage(bitmap, 0, 0)
  }, [bitmap])
  return (
    <canvas
      ref={canvas}
      class="picture"
      width={bitmap.width}
      height={bitmap.height}
      role="img"
      aria-label={label}
    />
  )
}
