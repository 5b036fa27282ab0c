// SPDX-License-Identifier: Apache-2.0
/** Keys and tools of pictures to keep, and of links to share. */

import type { Command } from '../ui/commands'
import { toggleDrawer } from '../ui/toggles'
import { msg } from '../words'

export const snapshot: Command = {
  ...toggleDrawer(msg('snapshot'), 'S', 'snapshot'),
  icon: 'camera',
}
export const share: Command = { ...toggleDrawer(msg('share link'), 'V', 'share'), icon: 'share' }

export const SNAPSHOT_COMMANDS: readonly Command[] = [snapshot, share]
