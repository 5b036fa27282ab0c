// SPDX-License-Identifier: Apache-2.0
/** The key and tool that open a slide beside the one shown. */

import type { Command } from '../ui/commands'
import { toggleDrawer } from '../ui/toggles'
import { msg } from '../words'

export const openBeside: Command = {
  ...toggleDrawer(msg('open beside'), 'C', 'beside'),
  icon: 'side',
}
