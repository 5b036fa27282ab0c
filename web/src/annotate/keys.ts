// SPDX-License-Identifier: Apache-2.0
/** What buttons and keys do while the drawer of annotations is open (`actionKeys.ts`). */

import { CHANGE_KEYS, DRAWING_KEYS } from './actionKeys'
import { duplicate, redo, remove, undo } from './actions'
import type { SignName } from './Sign'
import { selected, summary, tool } from './store'

export interface Action {
  readonly sign: SignName
  readonly label: string
  readonly key: string
  readonly run: () => void
  readonly pressed?: () => boolean
  readonly enabled?: () => boolean
}

export const TOOLS: readonly Action[] = [
  choose('edit'),
  choose('point'),
  choose('line'),
  choose('polygon'),
  choose('freehand'),
  choose('rectangle'),
  choose('ellipse'),
]

export const UNDO: Action = {
  ...CHANGE_KEYS.undo,
  sign: 'undo',
  run: () => void undo(),
  enabled: () => summary.value.canUndo,
}
export const REDO: Action = {
  ...CHANGE_KEYS.redo,
  sign: 'redo',
  run: () => void redo(),
  enabled: () => summary.value.canRedo,
}
export const DUPLICATE: Action = {
  ...CHANGE_KEYS.duplicate,
  sign: 'duplicate',
  run: () => void duplicate(),
}
export const REMOVE: Action = { ...CHANGE_KEYS.remove, sign: 'remove', run: () => void remove() }

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

function choose(name: keyof typeof DRAWING_KEYS): Action {
  return {
    ...DRAWING_KEYS[name],
    sign: name,
    run: () => {
      tool.value = tool.value === name ? null : name
    },
    pressed: () => tool.value === name,
  }
}
