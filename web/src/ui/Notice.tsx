// SPDX-License-Identifier: Apache-2.0
/** What stands in the place of something that is not there: what happened and what to do. */

import type { ComponentChildren, JSX } from 'preact'

interface Properties {
  readonly title: string
  readonly children: ComponentChildren
}

export function Notice({ title, children }: Properties): JSX.Element {
  return (
    <section class="notice" role="status">
      <h2>{title}</h2>
      {children}
    </section>
  )
}
