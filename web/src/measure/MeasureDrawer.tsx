// SPDX-License-Identifier: Apache-2.0
/** The drawer of measures, whose contents are loaded when it is opened. */

import { signal } from '@preact/signals'
import type { ComponentType, JSX } from 'preact'
import { useEffect } from 'preact/hooks'

import type { Slide } from '../dicom/slide'
import { Drawer } from '../ui/Drawer'
import { t } from '../words'

interface Properties {
  readonly slide: Slide
}

const contents = signal<{ readonly Panel: ComponentType<Properties> } | null>(null)

export function MeasureDrawer({ slide }: Properties): JSX.Element {
  useEffect(() => {
    void import('./MeasurePanel').then(({ MeasurePanel }) => {
      contents.value = { Panel: MeasurePanel }
    })
  }, [])
  const Panel = contents.value?.Panel
  return <Drawer title={t('measures')}>{Panel && <Panel slide={slide} />}</Drawer>
}
