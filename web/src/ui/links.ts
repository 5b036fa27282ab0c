// SPDX-License-Identifier: Apache-2.0
/** Links within the page. */

/** A plain click stays in the page; the browser keeps its own ways (new tab, new window). */
export function isPlainClick(event: MouseEvent): boolean {
  return event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey
}
