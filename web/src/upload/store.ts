// SPDX-License-Identifier: Apache-2.0
/** The one queue of the page, and what is put into it. */

import { signal } from '@preact/signals'

import { reloadCase } from '../case/contents'
import { findAgain } from '../worklist/store'
import type { NamedFile } from './dropped'
import { isBeside, isForeignSlide } from './kinds'
import { HEAD_BYTES, isPart10 } from './part10'
import { QueuedFile, UploadQueue } from './queue'
import { server } from './transport'

export const queue = new UploadQueue(server, () => {
  findAgain()
  void reloadCase()
})
/** Whether the list of files is unfolded. */
export const isUnfolded = signal(true)

/** Send files; those of other formats are listed with what can be done. */
export async function send(files: readonly NamedFile[]): Promise<void> {
  const wanted = files.filter(({ file }) => !isBeside(file.name))
  const queued = await Promise.all(wanted.map(sorted))
  isUnfolded.value = true
  queue.add(queued)
}

async function sorted({ file, path }: NamedFile): Promise<QueuedFile> {
  const made = new QueuedFile(file, path)
  const head = await file
    .slice(0, HEAD_BYTES)
    .arrayBuffer()
    .catch(() => new ArrayBuffer(0))
  // A file that only looks like none is sent: the server judges. One of another format is not.
  if (!isPart10(new Uint8Array(head)) && !/\.dcm$/i.test(file.name)) {
    made.state.value = 'foreign'
    made.reason.value = isForeignSlide(file.name) ? 'slide' : 'other'
  }
  return made
}
