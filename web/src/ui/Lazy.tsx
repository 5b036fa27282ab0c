// SPDX-License-Identifier: Apache-2.0
/** A page or drawer that is loaded when it is first wanted, so that others do not wait for it. */

import { signal } from '@preact/signals'
import type { ComponentChildren, ComponentType, JSX } from 'preact'

import { t } from '../words'
import { Notice } from './Notice'

/** What stands in the place of a component while it is loaded, or says that it cannot be. */
type Frame = (of: { readonly busy: boolean; readonly children?: ComponentChildren }) => JSX.Element

const PageFrame: Frame = ({ busy, children }) => <main aria-busy={busy}>{children}</main>
const DrawerFrame: Frame = ({ busy, children }) => (
  <aside class="group drawer" aria-busy={busy}>
    {children}
  </aside>
)

/** A component in the place of one that has to be loaded. */
export function lazy<Properties extends object>(
  load: () => Promise<ComponentType<Properties>>,
  Frame: Frame = PageFrame,
): (properties: Properties) => JSX.Element {
  const loaded = signal<ComponentType<Properties> | 'asked' | 'failed' | null>(null)
  const ask = async (): Promise<void> => {
    loaded.value = 'asked'
    loaded.value = await load().catch(() => 'failed' as const)
  }
  return function Lazy(properties) {
    const found = loaded.value
    if (found === null) queueMicrotask(() => void (loaded.value === null && ask()))
    if (found === 'failed')
      return (
        <Frame busy={false}>
          <NotLoaded again={() => void ask()} />
        </Frame>
      )
    if (found === null || found === 'asked') return <Frame busy />
    const Found = found
    return <Found {...properties} />
  }
}

/** A drawer in the place of one that has to be loaded. */
export function lazyDrawer<Properties extends object>(
  load: () => Promise<ComponentType<Properties>>,
): (properties: Properties) => JSX.Element {
  return lazy(load, DrawerFrame)
}

function NotLoaded({ again }: { readonly again: () => void }): JSX.Element {
  return (
    <Notice title={t('a part of the viewer could not be loaded')}>
      <p>{t('the server does not answer; check that tileserver is running')}</p>
      <p>
        <button type="button" class="button" onClick={again}>
          {t('try again')}
        </button>
      </p>
    </Notice>
  )
}
