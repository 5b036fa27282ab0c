// SPDX-License-Identifier: Apache-2.0
/** A slide whose sending ended with its page: what to do to go on. */

import type { JSX } from 'preact'

import { sizeText } from '../../ui/format'
import { t } from '../../words'
import { NamedButton } from './NamedButton'
import { forget, type Remembered } from './remembered'
import { discard } from './tus'

export function BrokenOff({ of }: { readonly of: Remembered }): JSX.Element {
  return (
    <li data-state="broken-off">
      <span class="upload-name" title={of.name}>
        {of.name}
      </span>
      <span class="slide-ways">
        <NamedButton
          label={t('forget')}
          of={of.name}
          run={() => {
            forget(of.mark)
            for (const address of Object.values(of.addresses)) void discard(address)
          }}
        />
      </span>
      <p class="slide-problem">
        {t('Not all of its {size} were sent. Choose the same files again: it goes on from there.', {
          size: sizeText(of.bytes),
        })}
      </p>
    </li>
  )
}
