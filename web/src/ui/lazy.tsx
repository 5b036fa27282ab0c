// SPDX-License-Identifier: Apache-2.0
/** A part of the page whose program is fetched when it is first wanted. */

import { signal } from '@preact/signals'
import type { FunctionComponent, JSX } from 'preact'

/** A component that is empty until its program is there. */
export function lazy<Properties extends object>(
  load: () => Promise<FunctionComponent<Properties>>,
): (properties: Properties) => JSX.Element | null {
  const loaded = signal<{ readonly Part: FunctionComponent<Properties> } | null>(null)
  let isAsked = false
  return (properties) => {
    if (!isAsked) {
      isAsked = true
      void load().then((Part) => {
        loaded.value = { Part }
      })
    }
    const Part = loaded.value?.Part
    return Part ? <Part {...properties} /> : null
  }
}
