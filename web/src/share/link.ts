// SPDX-License-Identifier: Apache-2.0
/** A link to share: the page's own address, without what is only the sender's. */

/** Drawers that a receiver has no use for. */
const OWN_PANELS = ['share', 'snapshot']

export interface LinkChoice {
  /** Whether panels that are open are open for the receiver too. */
  readonly panels: boolean
  /** Whether the receiver sees the sender's language. */
  readonly language: string | null
}

/**
 * The address of what is seen now. Whatever else it says (the slide, the view, the picture, another
 * server) stays as it is, so that it shows exactly the same.
 */
export function sharedLink(href: string, { panels, language }: LinkChoice): string {
  const link = new URL(href)
  const query = link.searchParams
  const shown = query.get('show')?.split(' ') ?? null
  const kept = panels ? shown?.filter((panel) => !OWN_PANELS.includes(panel)) : null
  // A closed overview is said by a word for nothing, as on the page.
  if (kept) query.set('show', kept.join(' '))
  else query.delete('show')
  if (kept?.length === 1 && kept[0] === 'overview') query.delete('show')
  query.delete('lang')
  if (language) query.set('lang', language)
  link.hash = ''
  return link.href
}
