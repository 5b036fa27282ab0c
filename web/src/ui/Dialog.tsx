// SPDX-License-Identifier: Apache-2.0
/** A page over the page, with its title and a way to close it. */

import type { Signal } from '@preact/signals'
import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

import { t } from '../words'
import { Icon } from './Icon'

interface Properties {
  readonly title: string
  readonly shown: Signal<boolean>
  /** A class of its own, and the id of its title. */
  readonly name: string
  /** Beside the title. */
  readonly tools?: ComponentChildren
  readonly children: ComponentChildren
}

export function Dialog({ title, shown, name, tools, children }: Properties): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null)
  const close = (): void => {
    shown.value = false
  }
  useEffect(() => {
    dialog.current?.showModal()
  }, [])
  return (
    <dialog ref={dialog} class={`sheet ${name}`} aria-labelledby={`${name}-title`} onClose={close}>
      <header>
        <h2 id={`${name}-title`}>{title}</h2>
        {tools}
        <button
          type="button"
          class="tool"
          aria-label={t('close {panel}', { panel: title })}
          onClick={close}
        >
          <Icon name="close" />
        </button>
      </header>
      {children}
    </dialog>
  )
}
