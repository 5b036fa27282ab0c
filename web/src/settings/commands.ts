// SPDX-License-Identifier: Apache-2.0
/** The key and the tool of settings. */

import { settingsShown } from '../state'
import type { Command } from '../ui/commands'
import { toggle } from '../ui/toggles'
import { msg } from '../words'

export const settings: Command = {
  ...toggle(msg('settings'), 'E', settingsShown),
  icon: 'settings',
}
