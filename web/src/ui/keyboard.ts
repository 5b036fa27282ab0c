// SPDX-License-Identifier: Apache-2.0
/** Keys → commands. A key pressed while typing, or with a modifier of the browser's, is not ours. */

import { isCovered, slideKey } from '../state'
import { SLIDE_COMMANDS, TRAY_COMMANDS, type Command } from './commands'
import { t } from '../words'
import { leaveTopmost } from './escape'
import { pageKeys } from './pageKeys'

/** Listen for keys on the page. */
export function listenToKeys(): void {
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event) || isCovered.value) return
    if (event.key === 'Escape') leaveTopmost()
    const command = commandFor(event.key, commandsHere())
    if (!command) return
    event.preventDefault()
    command.run()
  })
}

function commandsHere(): readonly Command[] {
  return (
    pageKeys.value?.groups.flatMap(({ commands }) => commands) ??
    (slideKey.value ? SLIDE_COMMANDS : TRAY_COMMANDS)
  )
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

/** Whether a key goes to a field. Sliders and switches take few keys; the others go on to the slide. */
function isTyping({ target, key }: KeyboardEvent): boolean {
  if (target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true
  if (!(target instanceof HTMLInputElement)) return false
  const takesFew = ['range', 'checkbox', 'radio', 'color'].includes(target.type)
  return !takesFew || /^(Arrow|Page|Home|End| )/.test(key)
}
