// SPDX-License-Identifier: Apache-2.0
/** Annotations come with every map, once its slide is drawn: the first picture does not wait. */

import { effect } from '@preact/signals'

import { attach } from '../map/attachments'
import { drawer, drawnOnce } from '../state'

attach((standing) => {
  let end: (() => void) | null = null
  let begun = false
  let over = false
  const start = async (): Promise<void> => {
    const { mountAnnotations } = await import('./onMap')
    if (!over) end = mountAnnotations(standing)
  }
  const leave = effect(() => {
    if (begun || !(drawnOnce.value || drawer.value === 'annotations')) return
    begun = true
    void start()
  })
  return () => {
    over = true
    leave()
    end?.()
  }
})
