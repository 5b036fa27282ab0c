// SPDX-License-Identifier: Apache-2.0
/**
 * Uploads that were begun and are not whole yet: a browser does not keep files over a reload, but
 * where they went, so that the same files, chosen again, go on where they broke off.
 */

import { signal } from '@preact/signals'

import { keep, recall } from '../../habits'
import type { SlideFiles } from './sort'

export interface Remembered {
  /** By which the same files are known again. */
  readonly mark: string
  readonly name: string
  readonly bytes: number
  /** What all files of one slide have in common on the server. */
  readonly group: string
  /** Where each file goes, by its path; as far as that was begun. */
  readonly addresses: Readonly<Record<string, string>>
}

const NAME = 'uploads'
const MOST = 50

/** All of them, of this page and of others before it. */
export const remembered = signal<readonly Remembered[]>(read())

/** A mark of files: the same files again have the same. */
export function markOf({ files }: SlideFiles): string {
  return files.map(({ file, path }) => [path, file.size, file.lastModified].join('|')).join('\n')
}

/** What is remembered of files; of others, what is to be. */
export function recallOf(slide: SlideFiles): Remembered {
  const mark = markOf(slide)
  const bytes = slide.files.reduce((sum, { file }) => sum + file.size, 0)
  return (
    read().find((each) => each.mark === mark) ?? {
      mark,
      name: slide.name,
      bytes,
      group: crypto.getRandomValues(new Uint32Array(4)).join('-'),
      addresses: {},
    }
  )
}

/** Remember an upload as it is now. */
export function remember(one: Remembered): void {
  write([...read().filter(({ mark }) => mark !== one.mark), one].slice(-MOST))
}

/** Forget an upload: it is whole, or not wanted any more. */
export function forget(mark: string): void {
  write(read().filter((each) => each.mark !== mark))
}

function write(all: readonly Remembered[]): void {
  keep(NAME, JSON.stringify(all))
  remembered.value = all
}

function read(): readonly Remembered[] {
  try {
    const found: unknown = JSON.parse(recall(NAME) ?? '[]')
    return Array.isArray(found) ? (found as Remembered[]) : []
  } catch {
    return [] // written by something else
  }
}
