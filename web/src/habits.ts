// SPDX-License-Identifier: Apache-2.0
/** Small choices of the reader that the browser keeps. */

import { effect, signal, type Signal } from '@preact/signals'

/** Something on or off that is kept from visit to visit, where the browser allows it. */
export function habit(name: string, initial: boolean): Signal<boolean> {
  const kept = signal((recall(name) ?? (initial ? 'on' : 'off')) === 'on')
  effect(() => {
    keep(name, kept.value ? 'on' : 'off')
  })
  return kept
}

/** One of several that is kept; the first where nothing was kept that is one of them. */
export function choice<Value extends string>(
  name: string,
  values: readonly [Value, ...Value[]],
): Signal<Value> {
  const before = recall(name)
  const kept = signal(values.find((value) => value === before) ?? values[0])
  effect(() => {
    keep(name, kept.value)
  })
  return kept
}

/** What was kept under a name. */
export function recall(name: string): string | null {
  try {
    return localStorage.getItem(`coverslip.${name}`)
  } catch {
    return null // a browser may forbid storage; habits are then not kept
  }
}

/** Keep something until the next visit. */
export function keep(name: string, value: string): void {
  try {
    localStorage.setItem(`coverslip.${name}`, value)
  } catch {
    // as above
  }
}
