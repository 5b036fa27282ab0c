// SPDX-License-Identifier: Apache-2.0
/** Measuring comes to the map when its drawer is first opened; until then nothing of it is loaded. */

import { effect } from '@preact/signals'

import { attach } from '../map/attachments'
import { onEscape } from '../ui/escape'
import { history, leave, measuring, take } from './store'

onEscape(leave)

attach((standing) => {
  let begun = false
  let gone = false
  let takeOff: (() => void) | null = null
  const stop = effect(() => {
    if (begun || !(measuring.value || history.value.present.length > 0)) return
    begun = true
    void import('./onMap').then(({ putOnMap }) => {
      if (!gone) takeOff = putOnMap(standing)
    })
  })
  return () => {
    gone = true
    stop()
    takeOff?.()
    take(null)
  }
})
