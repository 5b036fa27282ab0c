// SPDX-License-Identifier: Apache-2.0
/** Whose cases are listed, and the way to those of the other servers that there are pages of. */

import type { JSX } from 'preact'

import { baseOf, ORIGIN, ORIGINS } from '../root'
import { t } from '../words'

export function Origins(): JSX.Element | null {
  if (ORIGINS.length === 0) return null
  return (
    <nav class="origins" aria-label={t('servers')}>
      {[null, ...ORIGINS].map((name) => (
        // Another page altogether: all that is loaded belongs to one server.
        <a key={name} href={`${baseOf(name)}/`} aria-current={name === ORIGIN ? 'page' : undefined}>
          {name ?? t('this server')}
        </a>
      ))}
    </nav>
  )
}
