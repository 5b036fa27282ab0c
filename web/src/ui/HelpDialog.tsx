// SPDX-License-Identifier: Apache-2.0
/** The keys and gestures of the page, from the same table that answers them. */

import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

import { helpShown, slideKey } from '../state'
import { LISTED_COMMANDS, TRAY_COMMANDS, type Command } from './commands'
import { Icon } from './Icon'
import { keyName } from './keyboard'

const SLIDE_GESTURES = [
  ['drag', 'move the slide'],
  ['wheel', 'zoom at the pointer'],
  ['double click', 'next magnification'],
  ['right drag', 'turn the slide (or shift drag)'],
  ['arrows', 'move the slide'],
  ['1 … 9', 'magnification presets'],
  ['esc', 'close what is open'],
] as const

const TRAY_GESTURES = [
  ['arrows', 'choose a slide'],
  ['enter', 'open it'],
  ['/', 'search'],
] as const

export function HelpDialog(): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null)
  const open = helpShown.value
  useEffect(() => {
    if (open) dialog.current?.showModal()
    else dialog.current?.close()
  }, [open])
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={closeHelp}>
      <header>
        <h2 id="help-title">Keys</h2>
        <button type="button" class="tool" aria-label="close" onClick={closeHelp}>
          <Icon name="close" />
        </button>
      </header>
      <KeyList
        commands={slideKey.value ? LISTED_COMMANDS : TRAY_COMMANDS}
        gestures={slideKey.value ? SLIDE_GESTURES : TRAY_GESTURES}
      />
    </dialog>
  )
}

interface KeyListProperties {
  readonly commands: readonly Command[]
  readonly gestures: readonly (readonly [string, string])[]
}

function KeyList({ commands, gestures }: KeyListProperties): JSX.Element {
  return (
    <dl class="keys">
      {gestures.map(([gesture, meaning]) => (
        <div key={gesture}>
          <dt>
            <kbd>{gesture}</kbd>
          </dt>
          <dd>{meaning}</dd>
        </div>
      ))}
      {commands.map(({ label, keys }) => (
        <div key={label}>
          <dt>
            <kbd>{keyName(keys[0] ?? '')}</kbd>
          </dt>
          <dd>{label}</dd>
        </div>
      ))}
    </dl>
  )
}

function closeHelp(): void {
  helpShown.value = false
}
