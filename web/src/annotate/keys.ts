// SPDX-License-Identifier: Apache-2.0
/** Keys while the drawer of annotations is open, in one table: its buttons name them. */

import { msg } from '../words'
import { duplicate, redo, remove, undo } from './actions'
import type { SignName } from './Sign'
import { selected, summary, tool, type Tool } from './store'

export interface Action {
  readonly sign: SignName
  readonly label: string
  readonly key: string
  readonly run: () => void
  readonly pressed?: () => boolean
  readonly enabled?: () => boolean
}

export const TOOLS: readonly Action[] = [
  choose('edit', msg('edit and move'), 'v'),
  choose('point', msg('point'), 'd'),
  choose('line', msg('line'), 'j'),
  choose('polygon', msg('polygon'), 'c'),
  choose('freehand', msg('freehand'), 'w'),
  choose('rectangle', msg('rectangle'), 'q'),
  choose('ellipse', msg('ellipse'), 'e'),
]

export const UNDO: Action = {
  sign: 'undo',
  label: msg('undo'),
  key: 'ctrl z',
  run: () => void undo(),
  enabled: () => summary.value.canUndo,
}
export const REDO: Action = {
  sign: 'redo',
  label: msg('redo'),
  key: 'ctrl y',
  run: () => void redo(),
  enabled: () => summary.value.canRedo,
}
export const DUPLICATE: Action = {
  sign: 'duplicate',
  label: msg('duplicate'),
  key: 'D',
  run: () => void duplicate(),
}
export const REMOVE: Action = {
  sign: 'remove',
  label: msg('delete'),
  key: 'Delete',
  run: () => void remove(),
}

const ACTIONS = [...TOOLS, UNDO, REDO, DUPLICATE, REMOVE]

/** The action of a key. */
export function actionFor(event: {
  readonly key: string
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly altKey: boolean
  readonly shiftKey: boolean
}): Action | null {
  if (event.altKey) return null
  if (event.ctrlKey || event.metaKey) {
    const key = event.key.toLowerCase()
    if (key === 'z') return event.shiftKey ? REDO : UNDO
    return key === 'y' ? REDO : null
  }
  if (event.key === 'Backspace') return selected.value.length > 0 ? REMOVE : null
  return ACTIONS.find(({ key }) => key === event.key) ?? null
}

/** Answer keys before the page does; returns the function that ends it. */
export function listen(): () => void {
  const answer = (event: KeyboardEvent): void => {
    if (event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement)
      return
    const action = document.querySelector('dialog[open]') ? null : actionFor(event)
    if (!action) return
    event.preventDefault()
    event.stopPropagation()
    if (action.enabled?.() ?? true) action.run()
  }
  addEventListener('keydown', answer, { capture: true })
  return () => {
    removeEventListener('keydown', answer, { capture: true })
  }
}

function choose(name: Tool & SignName, label: string, key: string): Action {
  return {
    sign: name,
    label,
    key,
    run: () => {
      tool.value = tool.value === name ? null : name
    },
    pressed: () => tool.value === name,
  }
}
