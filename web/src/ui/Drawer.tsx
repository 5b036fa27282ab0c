// SPDX-License-Identifier: Apache-2.0
/** The drawer on the right, of which one is open at a time. */

import type { ComponentChildren, JSX } from 'preact'

import type { DrawerName } from '../address'
import type { Slide } from '../dicom/slide'
import { drawer } from '../state'
import { t } from '../words'
import { Icon } from './Icon'
import { lazyDrawer } from './Lazy'

/** What each drawer holds. */
const CONTENTS: Readonly<Record<DrawerName, (of: { readonly slide: Slide }) => JSX.Element>> = {
  info: lazyDrawer(async () => (await import('./InfoDrawer')).InfoDrawer),
  position: lazyDrawer(async () => (await import('../navigate/PositionDrawer')).PositionDrawer),
  measure: lazyDrawer(async () => (await import('../measure/MeasureDrawer')).MeasureDrawer),
  beside: lazyDrawer(async () => (await import('../compare/BesideDrawer')).BesideDrawer),
  channels: lazyDrawer(async () => (await import('../picture/ChannelDrawer')).ChannelDrawer),
  picture: lazyDrawer(async () => (await import('../picture/PictureDrawer')).PictureDrawer),
  annotations: lazyDrawer(
    async () => (await import('../annotate/AnnotationsDrawer')).AnnotationsDrawer,
  ),
  layers: lazyDrawer(async () => (await import('../layers/LayersDrawer')).LayersDrawer),
  snapshot: lazyDrawer(async () => (await import('../snapshot/SnapshotDrawer')).SnapshotDrawer),
  share: lazyDrawer(async () => (await import('../share/ShareDrawer')).ShareDrawer),
}

/** The open drawer. */
export function OpenDrawer({ slide }: { readonly slide: Slide }): JSX.Element | null {
  const Contents = drawer.value && CONTENTS[drawer.value]
  return Contents && <Contents slide={slide} />
}

interface Properties {
  readonly title: string
  readonly children: ComponentChildren
}

/** A drawer with its title and a way to close it. */
export function Drawer({ title, children }: Properties): JSX.Element {
  return (
    <aside class="group drawer" aria-label={title}>
      <header>
        <h2>{title}</h2>
        <button
          type="button"
          class="tool"
          aria-label={t('close {panel}', { panel: title })}
          onClick={() => {
            drawer.value = null
          }}
        >
          <Icon name="close" />
        </button>
      </header>
      <div class="drawer-body">{children}</div>
    </aside>
  )
}
