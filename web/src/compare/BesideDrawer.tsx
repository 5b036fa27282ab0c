// SPDX-License-Identifier: Apache-2.0
/** The drawer that opens another slide beside the one shown. */

import { batch } from '@preact/signals'
import type { JSX } from 'preact'

import { drawer, slideKey } from '../state'
import { Drawer } from '../ui/Drawer'
import { t } from '../words'
import { compare } from './beside'
import { BesideList } from './BesideList'

export function BesideDrawer(): JSX.Element {
  const key = slideKey.value
  return (
    <Drawer title={t('open beside')}>
      {key && (
        <BesideList
          shown={[key]}
          onChoose={(other) => {
            batch(() => {
              drawer.value = null
              compare([key, other])
            })
          }}
        />
      )}
    </Drawer>
  )
}
