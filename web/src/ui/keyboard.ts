// SPDX-License-Identifier: Apache-2.0
/** Keys → commands. A key pressed while typing, or with a modifier of the browser's, is not ours. */

import { helpShown, slideKey } from '../state'
import { SLIDE_COMMANDS, TRAY_COMMANDS, type Command } from './commands'
import { t } from '../words'
import { leaveTopmost } from './escape'

/** Listen for keys on the page. */
export function listenToKeys(): void {
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || helpShown.value)
      return
    if (event.key === 'Escape') leaveTopmost()
    const command = commandFor(event.key, slideKey.value ? SLIDE_COMMANDS : TRAY_COMMANDS)
    if (!command) return
    event.preventDefault()
    command.run()
  })
}

/** The command of a key. */
export function commandFor(key: string, commands: readonly Command[]): Command | null {
  return commands.find((command) => command.keys.includes(key)) ?? null
}

/** A key's name on a tooltip. */
export function keyName(key: string): string {
  const arrows: Readonly<Record<string, string>> = {
    ArrowLeft: '←',
    ArrowRight: '→',
    ArrowUp: '↑',
    ArrowDown: '↓',
    '-': '−',
  }
  if (arrows[key]) return arrows[key]
  return /^[A-Z]$/.test(key) ? t('shift {key}', { key: key.toLowerCase() }) : key
}

function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return target.type !== 'checkbox'
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement
}
