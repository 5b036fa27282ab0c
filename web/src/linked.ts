// SPDX-License-Identifier: Apache-2.0
/**
 * What features keep in a slide's address, each a parameter of its own; a feature does not know the
 * others, and the store does not know the features.
 */

/** A feature's parameter: taken from the address, and told to it. It reads signals to tell. */
export interface Linked {
  /** `null` where the address does not say. */
  readonly read: (text: string | null) => void
  /** `null` where there is nothing to say. */
  readonly write: () => string | null
}

const parameters = new Map<string, Linked>()

/** Keep something in the address from now on; the address of the page is read at once. */
export function link(name: string, linked: Linked): void {
  parameters.set(name, linked)
  linked.read(new URLSearchParams(location.search).get(name))
}

/** Tell each feature what an address says. */
export function readLinked(query: string): void {
  const given = new URLSearchParams(query)
  for (const [name, { read }] of parameters) read(given.get(name))
}

/** What all features keep, by name. */
export function writeLinked(): [string, string][] {
  return [...parameters].flatMap(([name, { write }]) => {
    const text = write()
    return text === null ? [] : [[name, text]]
  })
}
