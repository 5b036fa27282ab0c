// SPDX-License-Identifier: Apache-2.0
/** The keys and gestures of the page, from the same table that answers them. */

import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

import { helpShown, slideKey } from '../state'
import { LISTED_COMMANDS, TRAY_COMMANDS, type Command } from './commands'
import { Icon } from './Icon'
import { keyName } from './keyboard'
import { msg, t } from '../words'

const SLIDE_GESTURES = [
  [msg('drag'), msg('move the slide')],
  [msg('wheel'), msg('zoom at the pointer')],
  [msg('double click'), msg('next magnification')],
  [msg('right drag'), msg('turn the slide (or shift drag)')],
  [msg('arrows'), msg('move the slide')],
  ['1 … 9', msg('magnification presets')],
  [msg('esc'), msg('close what is open')],
] as const

const TRAY_GESTURES = [
  [msg('arrows'), msg('choose a case')],
  [msg('enter'), msg('open it')],
  ['/', msg('search')],
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
        <h2 id="help-title">{t('keys')}</h2>
        <button
          type="button"
          class="tool"
          aria-label={t('close {panel}', { panel: t('keys') })}
          onClick={closeHelp}
        >
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
            <kbd>{t(gesture)}</kbd>
          </dt>
          <dd>{t(meaning)}</dd>
        </div>
      ))}
      {commands.map(({ label, keys }) => (
        <div key={label}>
          <dt>
            <kbd>{keyName(keys[0] ?? '')}</kbd>
          </dt>
          <dd>{t(label)}</dd>
        </div>
      ))}
    </dl>
  )
}

function closeHelp(): void {
  helpShown.value = false
}
