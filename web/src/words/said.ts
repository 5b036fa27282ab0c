// SPDX-License-Identifier: Apache-2.0
/**
 * What is said where no catalogue is: in workers, and in errors that are shown later. The text goes
 * with its values, and `retold` of `words.ts` tells it in the reader's language.
 */

/** A text with values for its places; each on a line of its own. */
export function said(text: string, values: Readonly<Record<string, string | number>> = {}): string {
  return [text, ...Object.entries(values).map(([name, value]) => `${name}=${value}`)].join('\n')
}

/** The inverse: the text, and its values by name. */
export function heard(message: string): [text: string, values: Readonly<Record<string, string>>] {
  const [text = '', ...lines] = message.split('\n')
  const pairs = lines.map((line) => {
    const at = line.indexOf('=')
    return [line.slice(0, Math.max(0, at)), line.slice(at + 1)] as const
  })
  return [text, Object.fromEntries(pairs)]
}
