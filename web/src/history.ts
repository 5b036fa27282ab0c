// SPDX-License-Identifier: Apache-2.0
/** What was done and can be undone, without end within the session. States are never changed. */

export interface History<State> {
  readonly past: readonly State[]
  readonly present: State
  readonly future: readonly State[]
}

export function historyOf<State>(present: State): History<State> {
  return { past: [], present, future: [] }
}

export function done<State>({ past, present }: History<State>, next: State): History<State> {
  return { past: [...past, present], present: next, future: [] }
}

export function undone<State>(history: History<State>): History<State> {
  const previous = history.past.at(-1)
  if (previous === undefined) return history
  return {
    past: history.past.slice(0, -1),
    present: previous,
    future: [history.present, ...history.future],
  }
}

export function redone<State>(history: History<State>): History<State> {
  const [next, ...future] = history.future
  if (next === undefined) return history
  return { past: [...history.past, history.present], present: next, future }
}
