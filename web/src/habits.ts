// SPDX-License-Identifier: Apache-2.0
/** Small choices of the reader that the browser keeps: what is on and what is off. */

import { effect, signal, type Signal } from '@preact/signals'

/** A choice that is kept from visit to visit, where the browser allows it. */
export function habit(name: string, initial: boolean): Signal<boolean> {
  const kept = signal((recall(name) ?? (initial ? 'on' : 'off')) === 'on')
  effect(() => {
    keep(name, kept.value ? 'on' : 'off')
  })
  return kept
}

function recall(name: string): string | null {
  try {
    return localStorage.getItem(`coverslip.${name}`)
  } catch {
    return null // a browser may forbid storage; habits are then not kept
  }
}

function keep(name: string, value: string): void {
  try {
    localStorage.setItem(`coverslip.${name}`, value)
  } catch {
    // as above
  }
}
