// SPDX-License-Identifier: Apache-2.0
/** The slide's ICC profile: whether it is applied, and if not, why. */

import type { JSX } from 'preact'

import type { Slide } from '../dicom/slide'
import { t } from '../words'
import { Switch } from './controls'
import { profileText } from './profileText'
import { profileOf } from './profile'
import { change, settings } from './state'

export function ProfileSection({ slide }: { readonly slide: Slide }): JSX.Element {
  const profile = profileOf(slide).value
  return (
    <section>
      <h3>{t('colour management')}</h3>
      <Switch
        label={t('apply the slide’s ICC profile')}
        on={settings.value.profile && profile.state !== 'none' && profile.state !== 'failed'}
        disabled={profile.state === 'none' || profile.state === 'failed'}
        onChange={(on) => {
          change({ profile: on })
        }}
      />
      <p class="quiet">{profileText(slide)}</p>
    </section>
  )
}
