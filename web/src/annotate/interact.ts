// SPDX-License-Identifier: Apache-2.0
/** Pointer and annotations: drawing, picking, moving, dragging vertices, and a name on hover. */

import { effect } from '@preact/signals'
import type Interaction from 'ol/interaction/Interaction'
import Modify from 'ol/interaction/Modify'
import { altKeyOnly, noModifierKeys, primaryAction, singleClick } from 'ol/events/condition'
import type OlMap from 'ol/Map'
import type MapBrowserEvent from 'ol/MapBrowserEvent'
import { unByKey } from 'ol/Observable'
import type VectorSource from 'ol/source/Vector'

import type { Point } from '../vector/shape'
import { add, apply, cut, select, toggleSelected } from './actions'
import { drawing, formOf, type DrawingTool } from './drawing'
import { toShape } from './geometry'
import { hoverName } from './hover'
import type { Change } from './model'
import { moving } from './move'
import { pen, selected, selectedIds, summary, tool, worker } from './store'

export interface Stage {
  readonly map: OlMap
  /** What is selected, as it is shown and dragged. */
  readonly source: VectorSource
  readonly aspect: number
}

/** How near the pointer has to come, in screen pixels. */
export const TOLERANCE_PX = 6

/** Let the reader work on annotations; returns the function that ends it. */
export function interact(stage: Stage): () => void {
  const { map } = stage
  let present: Interaction[] = []
  const change = (next: Interaction[]): void => {
    for (const each of present) map.removeInteraction(each)
    for (const each of next) map.addInteraction(each)
    present = next
  }
  const leave = effect(() => {
    const chosen = tool.value
    const viewport = map.getViewport()
    if (viewport) viewport.dataset.tool = chosen ?? ''
    if (chosen === null) change([])
    else change(chosen === 'edit' ? editing(stage) : [drawn(stage, chosen, pen.value.colour)])
  })
  const key = map.on('click', (event) => {
    if (tool.value === null || tool.value === 'edit') void pick(stage, event)
  })
  const unhover = hoverName(stage)
  return () => {
    leave()
    unhover()
    unByKey(key)
    change([])
  }
}

/** Where the pointer is on the slide, and how near is near. */
export function pointed(
  { map, aspect }: Stage,
  [x = 0, y = 0]: readonly number[],
): { at: Point; tolerance: number } {
  const tolerance = TOLERANCE_PX * (map.getView().getResolution() ?? 1)
  return { at: { x, y: -y / aspect }, tolerance }
}

async function pick(stage: Stage, event: MapBrowserEvent): Promise<void> {
  if (summary.value.count === 0) return
  const { shiftKey, altKey } = event.originalEvent as PointerEvent
  if (altKey) return // takes a vertex away
  const hit = await worker.value?.call('hit', pointed(stage, event.coordinate))
  if (hit && shiftKey) await toggleSelected(hit.id)
  else await select(hit ? [hit.id] : [])
}

function drawn({ map, aspect }: Stage, chosen: DrawingTool, colour: string): Interaction {
  const interaction = drawing(chosen, colour, () => map.getView().getRotation())
  interaction.on('drawend', ({ feature }) => {
    const geometry = feature.getGeometry()
    const shape = geometry && toShape(geometry, aspect)
    if (!shape || shape.rings.some((ring) => ring.length === 0)) return
    const made = { ...pen.value, shape, form: formOf(chosen) }
    void (chosen === 'cut' ? cut(made) : add(made))
  })
  return interaction
}

function editing(stage: Stage): Interaction[] {
  const { source } = stage
  const start = (): void => {
    void exclude(selectedIds.value)
  }
  const end = (keepsForm: boolean): void => {
    const changes = changesOf(stage, keepsForm)
    void exclude([]).then(() => apply(changes))
  }
  const move = moving({
    source,
    tolerance: TOLERANCE_PX,
    condition: unmodified,
    onStart: start,
    onEnd: () => {
      end(true)
    },
  })
  const reshape = new Modify({
    source,
    condition: (event) => unmodified(event) || altKeyOnly(event),
    deleteCondition: (event) => altKeyOnly(event) && singleClick(event),
  })
  reshape.on('modifystart', start)
  reshape.on('modifyend', () => {
    end(false)
  })
  return [move, reshape]
}

/** What is being dragged is not painted where it was. */
async function exclude(ids: readonly number[]): Promise<void> {
  summary.value = (await worker.value?.call('exclude', ids)) ?? summary.value
}

/** What was dragged, as it lies now. */
function changesOf({ source, aspect }: Stage, keepsForm: boolean): Change[] {
  return selected.value.flatMap((each) => {
    const geometry = source.getFeatureById(each.id)?.getGeometry()
    const shape = geometry && toShape(geometry, aspect)
    return shape
      ? [{ id: each.id, after: { ...each, shape, form: keepsForm ? each.form : null } }]
      : []
  })
}

function unmodified(event: MapBrowserEvent): boolean {
  return primaryAction(event) && noModifierKeys(event)
}
