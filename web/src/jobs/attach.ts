// SPDX-License-Identifier: Apache-2.0
/** Once a slide is drawn, or cannot be: whether it is still being converted. */

import { effect } from '@preact/signals'

import { ORIGIN } from '../root'
import { drawer, drawnOnce, growth, slide, slideKey } from '../state'

let following: { readonly series: string; stop: () => void } | null = null

effect(() => {
  const key = slideKey.value
  const canWait = drawnOnce.value || slide.value.state === 'failed'
  if (following && following.series !== key?.series) {
    following.stop()
    following = null
  }
  // What another server has is told by nobody.
  if (!key || !canWait || following || ORIGIN !== null) return
  let isOver = false
  const made = {
    series: key.series,
    stop: () => {
      isOver = true
    },
  }
  following = made
  void import('./growing').then(
    ({ followGrowth }) => {
      if (!isOver) made.stop = followGrowth(key)
    },
    () => undefined, // the server is away: the slide itself says so
  )
})

effect(() => {
  // What is drawn lies on pixels of the finest level, of which there may be a finer one at any moment.
  const draws = drawer.value === 'measure' || drawer.value === 'annotations'
  if (growth.value && draws) drawer.value = null
})
