// SPDX-License-Identifier: Apache-2.0
/** A button of a command: its icon, a tooltip that names the key, its state for screen readers. */

import type { JSX } from 'preact'

import { t } from '../words'
import type { Command } from './commands'
import { Icon } from './Icon'
import { keyName } from './keyboard'

interface Properties {
  readonly command: Command
  /** In place of the command's own label. */
  readonly label?: string
}

export function Tool({ command, label = t(command.label) }: Properties): JSX.Element {
  const [key = ''] = command.keys
  return (
    <button
      type="button"
      class="tool"
      aria-label={label}
      aria-keyshortcuts={key}
      aria-pressed={command.pressed?.()}
      data-tip={`${label} (${keyName(key)})`}
      onClick={command.run}
    >
      {command.icon && <Icon name={command.icon} />}
    </button>
  )
}
