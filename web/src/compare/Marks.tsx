// SPDX-License-Identifier: Apache-2.0
/** On a pane: the points set to align by, the cross that the next is set below, the pointer of another. */

import type { JSX } from 'preact'

import type { Point } from '../dicom/geometry'
import { applied, inverted } from './affine'
import type { Pane } from './link'
import { screenPlace, unitOf, viewFrom } from './linking'
import { mounted } from './moving'
import { alignments, comparison, ghost } from './store'

interface Properties {
  readonly pane: Pane
  readonly index: number
  readonly name: string
}

export function Marks({ pane, index, name }: Properties): JSX.Element | null {
  const one = mounted.value.get(name)
  const viewed = one?.viewed.value
  if (!one || !viewed) return null
  const view = viewFrom(viewed, unitOf(one.slide.pyramid.mpp))
  const at = (place: Point): Record<string, string> => {
    const { x, y } = screenPlace(view, place, viewed.screen)
    return { left: `${x}px`, top: `${y}px` }
  }
  const { aligning, focus } = comparison.value
  const twin = twinOf({ pane, index, name })
  return (
    <div class="marks" aria-hidden="true">
      {aligning &&
        pane.points.map((place, number) => (
          <span key={number} class="mark" style={at(place)} data-number={number + 1}>
            {number + 1}
          </span>
        ))}
      {aligning && focus === index && <span class="cross" />}
      {twin && <span class="twin" style={at(twin)} />}
    </div>
  )
}

/** The place of this slide that the pointer is at on another one. */
function twinOf({ pane, index, name }: Properties): Point | null {
  const [alignment, other] = [alignments.value[index], ghost.value]
  const isOver = comparison.value.layout.kind !== 'side'
  if (!other || !alignment || other.pane === name || pane.own || isOver) return null
  return applied(inverted(alignment), other.place)
}
