// SPDX-License-Identifier: Apache-2.0
/** On the overview: what has been seen, the deeper the closer. */

import type { JSX } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'

import type { Slide } from '../dicom/slide'
import { t } from '../words'
import { seenOf, seenVersion } from './seen'
import { visitedShown } from './settings'
import type { Visited } from './visited'

/** Opacity, of 255, by closeness. */
const SHADES = [0, 60, 95, 130] as const

export function SeenShade({ slide }: { readonly slide: Slide }): JSX.Element | null {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [shownNow, version] = [visitedShown.value, seenVersion.value]
  const seen = seenOf(slide)
  useLayoutEffect(() => {
    if (canvas.current) draw(canvas.current, seen)
  }, [shownNow, version, seen])
  if (!shownNow) return null
  return (
    <canvas
      ref={canvas}
      class="seen"
      width={seen.across}
      height={seen.down}
      role="img"
      aria-label={t('what has been seen at 5× or closer')}
    />
  )
}

function draw(canvas: HTMLCanvasElement, { cells, across, down }: Visited): void {
  const picture = new ImageData(across, down)
  cells.forEach((closeness, index) => {
    picture.data.set([70, 50, 190, SHADES[closeness] ?? 0], index * 4)
  })
  canvas.getContext('2d')?.putImageData(picture, 0, 0)
}
