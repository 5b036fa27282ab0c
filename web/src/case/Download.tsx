// SPDX-License-Identifier: Apache-2.0
/** A link that downloads files; other servers need not give them as a browser takes them. */

import type { JSX } from 'preact'

import { ORIGIN } from '../root'
import { t } from '../words'
import { downloadOf, type Resource } from './resources'

interface Properties {
  readonly of: Resource
  readonly isSmall?: boolean
}

export function Download({ of, isSmall }: Properties): JSX.Element | null {
  if (ORIGIN !== null) return null
  return (
    <a class={isSmall ? 'small-link' : 'button'} href={downloadOf(of)} download>
      {t('download')}
    </a>
  )
}
