// SPDX-License-Identifier: Apache-2.0
/** Keys and gestures as the help tells them: the commands' own, and what the pointer does. */

import type { Command, CommandGroup } from '../ui/commands'
import { keyName } from '../ui/keyboard'
import { t } from '../words'

/** A line of the help. */
export interface Row {
  readonly keys: readonly string[]
  readonly meaning: string
}

export interface Section {
  readonly title: string
  readonly rows: readonly Row[]
}

/** The lines of a group of commands; those of one name in one line, digits from the first on. */
export function rowsOf(commands: readonly Command[]): Row[] {
  const byLabel = new Map<string, string[]>()
  for (const { label, keys } of commands)
    byLabel.set(label, [...(byLabel.get(label) ?? []), ...keys.map(keyName)])
  return [...byLabel].map(([label, keys]) => ({ keys: shortened(keys), meaning: t(label) }))
}

/** Sections in the reader's language. */
export function sectionsOf(groups: readonly CommandGroup[]): Section[] {
  return groups.map(({ title, commands }) => ({ title: t(title), rows: rowsOf(commands) }))
}

/** What of the help has all words of a search, by its keys, its meaning or its section. */
export function found(sections: readonly Section[], search: string): Section[] {
  const words = search.toLocaleLowerCase().split(/\s+/).filter(Boolean)
  return sections
    .map(({ title, rows }) => ({
      title,
      rows: rows.filter(({ keys, meaning }) => {
        const text = `${title} ${meaning} ${keys.join(' ')}`.toLocaleLowerCase()
        return words.every((word) => text.includes(word))
      }),
    }))
    .filter(({ rows }) => rows.length > 0)
}

/** `1 2 3 4` → `1 … 4`. */
function shortened(keys: readonly string[]): string[] {
  const [first = '', last = ''] = [keys[0], keys.at(-1)]
  return keys.length > 3 ? [`${first} … ${last}`] : [...keys]
}
