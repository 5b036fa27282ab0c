// SPDX-License-Identifier: Apache-2.0
/** Sending a file to the server by STOW-RS (PS3.18 10.5), with the progress of its bytes. */

import { DICOMWEB } from '../root'
import { addressOf } from '../case/resources'
import { outcomeOf } from './answers'
import { HEAD_BYTES, uidsOf } from './part10'
import type { Transport } from './queue'

/** The server, as the queue sends to it. */
export const server: Transport = { has, store, pause }

/** Whether the server has a file of the same instance and length. */
async function has(file: File, signal: AbortSignal): Promise<boolean> {
  const uids = uidsOf(new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer()))
  if (!uids?.study || !uids.series) return false
  const { study, series, instance } = uids
  // By a search first: a HEAD of what is not there would be an error on the console.
  const path = `${DICOMWEB}/studies/${study}/series/${series}/instances`
  const found = await fetch(`${path}?SOPInstanceUID=${instance}`, {
    headers: { Accept: 'application/dicom+json' },
    signal,
  }).catch(() => null)
  if (found?.status !== 200) return false
  const head = await fetch(addressOf({ study, series, instance }), {
    method: 'HEAD',
    headers: { Accept: 'application/dicom' },
    signal,
  }).catch(() => null)
  return head?.ok === true && head.headers.get('Content-Length') === String(file.size)
}

function store(
  file: File,
  onProgress: (bytes: number) => void,
  signal: AbortSignal,
): ReturnType<Transport['store']> {
  const boundary = `coverslip-${crypto.getRandomValues(new Uint32Array(4)).join('')}`
  const head = `--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`
  // The file is read as it is sent; a fetch would not tell how far it is.
  const body = new Blob([head, file, `\r\n--${boundary}--\r\n`])
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    const end = (): void => {
      try {
        resolve(outcomeOf(request.status, request.responseText))
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)))
      }
    }
    request.open('POST', `${DICOMWEB}/studies`)
    request.setRequestHeader('Accept', 'application/dicom+json')
    request.setRequestHeader(
      'Content-Type',
      `multipart/related; type="application/dicom"; boundary=${boundary}`,
    )
    request.upload.onprogress = ({ loaded }) => {
      onProgress(loaded)
    }
    request.onload = end
    request.onerror = end
    request.onabort = end
    signal.addEventListener('abort', () => {
      request.abort()
    })
    request.send(body)
  })
}

/** Wait, but no longer than until the network is back. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms)
    function done(): void {
      clearTimeout(timer)
      removeEventListener('online', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    addEventListener('online', done)
    signal.addEventListener('abort', done)
  })
}
