// SPDX-License-Identifier: Apache-2.0
/** A button in a list, whose name says which of the list's entries it is about. */

import type { JSX } from 'preact'

export function NamedButton({
  label,
  of,
  run,
}: {
  readonly label: string
  readonly of: string
  readonly run: () => void
}): JSX.Element {
  return (
    <button type="button" class="button" aria-label={`${label}: ${of}`} onClick={run}>
      {label}
    </button>
  )
}
