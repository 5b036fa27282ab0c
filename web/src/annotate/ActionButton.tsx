// SPDX-License-Identifier: Apache-2.0
/** A button with a sign, whose tooltip names its key. */

import type { JSX } from 'preact'

import { keyName } from '../ui/keyboard'
import { t } from '../words'
import type { Action } from './keys'
import { Sign, type SignName } from './Sign'

export function ActionButton({ action }: { readonly action: Action }): JSX.Element {
  const { sign, label, key, run, pressed, enabled } = action
  return (
    <SignButton
      sign={sign}
      label={t(label)}
      hint={keyName(key)}
      pressed={pressed?.()}
      disabled={!(enabled?.() ?? true)}
      run={run}
    />
  )
}

interface Properties {
  readonly sign: SignName
  readonly label: string
  readonly hint?: string
  readonly pressed?: boolean | undefined
  readonly disabled?: boolean
  readonly run: () => void
}

export function SignButton({ sign, label, hint, pressed, disabled, run }: Properties): JSX.Element {
  return (
    <button
      type="button"
      class="tool"
      aria-label={label}
      aria-pressed={pressed}
      disabled={disabled}
      data-tip={hint ? `${label} (${hint})` : label}
      onClick={run}
    >
      <Sign name={sign} />
    </button>
  )
}
