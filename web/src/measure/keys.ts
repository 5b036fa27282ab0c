// SPDX-License-Identifier: Apache-2.0
/** Measuring by keys: space sets a point in the middle, enter ends, delete takes away, ctrl z undoes. */

import type OlMap from 'ol/Map'

import { redone, undone } from '../history'
import { removed } from './history'
import type { MeasurePointer } from './pointer'
import { draft, history, measuring, selected, setHistory, tool } from './store'

/** Listen while measures can be changed; returns the function that ends it. */
export function listenForKeys(map: OlMap, pointer: MeasurePointer): () => void {
  const pressed = (event: KeyboardEvent): void => {
    if (!measuring.value || isElsewhere(event.target)) return
    const act = event.ctrlKey || event.metaKey ? changes(event) : actions(pointer)[event.key]
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

/** Keys pressed in a field or on a button are for that. */
function isElsewhere(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, textarea, select, button, a') !== null
}
