// SPDX-License-Identifier: Apache-2.0
/** Measuring by keys: letters take a tool, space sets a point in the middle, enter ends, delete takes away, ctrl z undoes. */

import type OlMap from 'ol/Map'

import { redone, undone } from '../history'
import { currentMap } from '../map/current'
import type { Kind } from './geometry'
import { removed } from './history'
import type { MeasurePointer } from './pointer'
import { draft, history, measuring, selected, setHistory, take, tool } from './store'
import { toolOf } from './toolKeys'

/** Listen while measures can be changed; returns the function that ends it. */
export function listenForKeys(map: OlMap, pointer: MeasurePointer): () => void {
  const pressed = (event: KeyboardEvent): void => {
    if (!measuring.value || document.querySelector('dialog[open]')) return
    const act = actOf(event, pointer)
    if (!act) return
    event.preventDefault()
    act()
    map.render()
  }
  addEventListener('keydown', pressed)
  return () => {
    removeEventListener('keydown', pressed)
  }
}

function actOf(event: KeyboardEvent, pointer: MeasurePointer): (() => void) | undefined {
  const { key, target, altKey } = event
  const hasModifier = event.ctrlKey || event.metaKey
  const kind = hasModifier || altKey || isTyping(target) ? null : toolOf(key)
  if (kind)
    return () => {
      choose(kind)
    }
  if (isElsewhere(target)) return undefined
  return hasModifier ? changes(event) : actions(pointer)[key]
}

/** Take a tool, or put it away. */
export function choose(kind: Kind): void {
  take(tool.value === kind ? null : kind)
  // Keys go to the slide now: space sets a point there.
  const stage = currentMap.value?.map.getTargetElement()
  stage?.setAttribute('tabindex', '-1')
  stage?.focus({ preventScroll: true })
}

type Actions = Readonly<Record<string, (() => void) | undefined>>

function actions(pointer: MeasurePointer): Actions {
  return {
    ' ': () => {
      pointer.byKeys = true
      for (const point of pointer.ahead()) pointer.setPoint(point)
    },
    Enter: () => {
      pointer.finish()
    },
    Backspace: deleteOne,
    Delete: deleteOne,
  }
}

function changes({ key, shiftKey }: KeyboardEvent): (() => void) | undefined {
  const lower = key.toLowerCase()
  if (lower === 'y' || (lower === 'z' && shiftKey)) return redo
  return lower === 'z' ? undo : undefined
}

/** The last point of what is drawn, else the measure that is selected. */
export function deleteOne(): void {
  if (draft.value.length > 0) draft.value = draft.value.slice(0, -1)
  else if (selected.value !== null) {
    setHistory(removed(history.value, selected.value))
    selected.value = null
  }
}

export function undo(): void {
  if (tool.value && draft.value.length > 0) draft.value = draft.value.slice(0, -1)
  else setHistory(undone(history.value))
}

export function redo(): void {
  setHistory(redone(history.value))
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, textarea, select') !== null
}

/** Keys pressed in a field or on a button are for that. */
function isElsewhere(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, textarea, select, button, a') !== null
}
