// SPDX-License-Identifier: Apache-2.0
/** A page that is loaded when it is first wanted, so that others do not wait for it. */

import { signal } from '@preact/signals'
import type { ComponentType, JSX } from 'preact'

import { t } from '../words'
import { Notice } from './Notice'

/** A component in the place of one that has to be loaded. */
export function lazy<Properties extends object>(
  load: () => Promise<ComponentType<Properties>>,
): (properties: Properties) => JSX.Element {
  const loaded = signal<ComponentType<Properties> | 'asked' | 'failed' | null>(null)
  const ask = async (): Promise<void> => {
    loaded.value = 'asked'
    loaded.value = await load().catch(() => 'failed' as const)
  }
  return function Lazy(properties) {
    const found = loaded.value
    if (found === null) queueMicrotask(() => void (loaded.value === null && ask()))
    if (found === 'failed') return <NotLoaded again={() => void ask()} />
    if (found === null || found === 'asked') return <main aria-busy="true" />
    const Found = found
    return <Found {...properties} />
  }
}

function NotLoaded({ again }: { readonly again: () => void }): JSX.Element {
  return (
    <main>
      <Notice title={t('a part of the viewer could not be loaded')}>
        <p>{t('the server does not answer; check that tileserver is running')}</p>
        <p>
          <button type="button" class="button" onClick={again}>
            {t('try again')}
          </button>
        </p>
      </Notice>
    </main>
  )
}
