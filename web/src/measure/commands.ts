// SPDX-License-Identifier: Apache-2.0
/** The key and tool of measuring. */

import { drawer } from '../state'
import type { Command } from '../ui/commands'
import { msg } from '../words'
import { take } from './store'

export const measure: Command = {
  label: msg('measure'),
  keys: ['m'],
  icon: 'measure',
  run: () => {
    const open = drawer.value === 'measure'
    drawer.value = open ? null : 'measure'
    take(open ? null : 'length')
  },
  pressed: () => drawer.value === 'measure',
}

export const MEASURE_COMMANDS: readonly Command[] = [measure]
