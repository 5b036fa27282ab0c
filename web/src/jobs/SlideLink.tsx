// SPDX-License-Identifier: Apache-2.0
/** The way from a job to its slide. */

import type { JSX } from 'preact'

import { slidePath } from '../address'
import type { SlideKey } from '../api'
import { openSlide } from '../state'
import { isPlainClick } from '../ui/links'
import { t } from '../words'

export function SlideLink({ of }: { readonly of: SlideKey }): JSX.Element {
  return (
    <a
      class="button"
      href={slidePath(of)}
      onClick={(event) => {
        if (!isPlainClick(event)) return
        event.preventDefault()
        openSlide(of)
      }}
    >
      {t('open slide')}
    </a>
  )
}
