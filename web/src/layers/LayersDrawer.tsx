// SPDX-License-Identifier: Apache-2.0
import type { JSX } from 'preact'

import type { Slide } from '../dicom/slide'
import { Drawer } from '../ui/Drawer'
import { t } from '../words'

export default function LayersDrawer({ slide }: { readonly slide: Slide }): JSX.Element {
  return <Drawer title={t('layers')}>{slide.numberOfInstances}</Drawer>
}
