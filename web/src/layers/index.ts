// SPDX-License-Identifier: Apache-2.0
/** Layers come with a map once their drawer has been opened. */

import { effect } from '@preact/signals'

import { attach } from '../map/attachments'
import { drawer } from '../state'

attach((standing) => {
  let end: (() => void) | null = null
  let begun = false
  let over = false
  const start = async (): Promise<void> => {
    const { mountLayers } = await import('./store')
    if (!over) end = mountLayers(standing)
  }
  const leave = effect(() => {
    if (begun || drawer.value !== 'layers') return
    begun = true
    void start()
  })
  return () => {
    over = true
    leave()
    end?.()
  }
})
