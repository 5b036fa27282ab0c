// SPDX-License-Identifier: Apache-2.0
/** Escape leaves what was entered last: a tool, a panel. */

const ways: (() => boolean)[] = []

/** Name a way out, asked before those named earlier; it tells whether there was something to leave. */
export function onEscape(leave: () => boolean): void {
  ways.unshift(leave)
}

/** Leave the topmost. */
export function leaveTopmost(): void {
  ways.some((leave) => leave())
}
