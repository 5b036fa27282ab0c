// SPDX-License-Identifier: Apache-2.0
/** Commands of what is open or closed. */

import type { DrawerName } from '../address'
import { drawer } from '../state'
import type { Command } from './commands'

/** A command that shows a panel, or hides it. */
export function toggle(label: string, key: string, panel: { value: boolean }): Command {
  return {
    label,
    keys: [key],
    run: () => {
      panel.value = !panel.value
    },
    pressed: () => panel.value,
  }
}

/** A command that opens a drawer, or closes it. */
export function toggleDrawer(label: string, key: string, which: DrawerName): Command {
  return {
    label,
    keys: [key],
    run: () => {
      drawer.value = drawer.value === which ? null : which
    },
    pressed: () => drawer.value === which,
  }
}
