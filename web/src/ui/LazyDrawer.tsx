// SPDX-License-Identifier: Apache-2.0
/** A drawer whose contents are fetched when it is first opened. */

import { signal } from '@preact/signals'
import type { JSX } from 'preact'

import type { Slide } from '../dicom/slide'

type Contents = (of: { readonly slide: Slide }) => JSX.Element

/** The drawer of a module's default export. */
export function lazyDrawer(
  load: () => Promise<{ readonly default: Contents }>,
): (of: { readonly slide: Slide }) => JSX.Element {
  const loaded = signal<{ readonly Drawn: Contents } | null>(null)
  let asked = false
  return ({ slide }) => {
    if (!asked) {
      asked = true
      void load().then(
        (module) => {
          loaded.value = { Drawn: module.default }
        },
        () => {
          asked = false
        },
      )
    }
    const Drawn = loaded.value?.Drawn
    return Drawn ? <Drawn slide={slide} /> : <aside class="group drawer" aria-busy="true" />
  }
}
