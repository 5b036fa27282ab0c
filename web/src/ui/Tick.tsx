// SPDX-License-Identifier: Apache-2.0
/** Something on or off, with its words beside it. */

import type { Signal } from '@preact/signals'
import type { ComponentChildren, JSX } from 'preact'

interface Properties {
  readonly of: Signal<boolean>
  readonly disabled?: boolean
  readonly onChange?: (isOn: boolean) => void
  readonly children: ComponentChildren
}

export function Tick({ of, disabled = false, onChange, children }: Properties): JSX.Element {
  return (
    <label class="tick">
      <input
        type="checkbox"
        checked={of.value && !disabled}
        disabled={disabled}
        onChange={(event) => {
          of.value = event.currentTarget.checked
          onChange?.(of.value)
        }}
      />
      {children}
    </label>
  )
}
