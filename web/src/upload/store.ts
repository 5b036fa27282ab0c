// SPDX-License-Identifier: Apache-2.0
/** The one queue of the page, and what is put into it. */

import { signal } from '@preact/signals'

import { reloadCase } from '../case/contents'
import { findAgain } from '../worklist/store'
import type { NamedFile } from './dropped'
import { isBeside } from './kinds'
import { HEAD_BYTES, isPart10 } from './part10'
import { QueuedFile, UploadQueue } from './queue'
import { server } from './transport'
import { t } from '../words'

export const queue = new UploadQueue(server, () => {
  findAgain()
  void reloadCase()
})
/** Whether the list of files is unfolded. */
export const isUnfolded = signal(true)

/** What sends slides of other formats, once there are any: it is not loaded before. */
export const slides = signal<typeof import('./slides/sending') | null>(null)

/** Load what sends slides of other formats. */
export async function loadSlides(): Promise<typeof import('./slides/sending')> {
  slides.value ??= await import('./slides/sending')
  return slides.value
}

/** Send files: DICOM is stored, all else is converted first. */
export async function send(files: readonly NamedFile[]): Promise<void> {
  const wanted = files.filter(({ file }) => !isBeside(file.name))
  const areDicom = await Promise.all(wanted.map(isDicom))
  const dicom = wanted.filter((_, index) => areDicom[index])
  const rest = wanted.filter((_, index) => !areDicom[index])
  isUnfolded.value = true
  queue.add(dicom.map(queued))
  if (rest.length > 0) queue.add(await sendRest(rest))
}

/** Send slides of other formats; what is none of them is listed as not sent. */
async function sendRest(files: readonly NamedFile[]): Promise<QueuedFile[]> {
  try {
    const { sendSlides } = await loadSlides()
    return (await sendSlides(files)).map((each) => ended(each, 'foreign', ''))
  } catch {
    const reason = t('a part of the viewer could not be loaded')
    return files.map((each) => ended(each, 'refused', reason))
  }
}

function queued({ file, path }: NamedFile): QueuedFile {
  return new QueuedFile(file, path)
}

function ended(named: NamedFile, state: 'foreign' | 'refused', reason: string): QueuedFile {
  const made = queued(named)
  made.state.value = state
  made.reason.value = reason
  return made
}

/** Whether a file is DICOM, or is said to be: then the server judges. */
async function isDicom({ file }: NamedFile): Promise<boolean> {
  const head = await file
    .slice(0, HEAD_BYTES)
    .arrayBuffer()
    .catch(() => new ArrayBuffer(0))
  return isPart10(new Uint8Array(head)) || /\.dcm$/i.test(file.name)
}
