// SPDX-License-Identifier: Apache-2.0
/**
 * A file to the server by tus 1.0 (https://tus.io/protocols/resumable-upload): begun once, sent in
 * pieces, and gone on with where the server says it is.
 */

import { MomentaryError } from '../queue'
import { ROOT } from '../../root'
import { t } from '../../words'

/** The server refuses a file: sending it again would not help. */
export class RefusedError extends Error {}

/** What is sent, and what the server is told of it. */
export interface Sent {
  readonly file: File
  readonly metadata: Readonly<Record<string, string>>
  /** Where an upload of it was begun before; `null` where it was not. */
  readonly address: string | null
}

export interface Watching {
  readonly signal: AbortSignal
  /** It has an address from now on, by which it can be gone on with. */
  readonly onBegun: (address: string) => void
  /** So many of its bytes are sent. */
  readonly onProgress: (bytes: number) => void
}

/**
 * Bytes of a request: some proxies gather one before they pass it on, so that what a broken
 * connection loses is no more than this.
 */
const PIECE = 16 << 20
const VERSION = { 'Tus-Resumable': '1.0.0' }
const JOB = /\/api\/jobs\/(\d+)>/
const [GONE, NOT_FOUND, CONFLICT, LOCKED] = [410, 404, 409, 423]

interface Answer {
  readonly status: number
  readonly header: (name: string) => string | null
  readonly body: string
}

/** Send a file to its end; returns the job that converts it, where it was the last of its slide. */
export async function sendFile(sent: Sent, watching: Watching): Promise<number | null> {
  const { file } = sent
  let address = sent.address
  let offset = address === null ? null : await offsetOf(address, watching.signal)
  if (address === null || offset === null) {
    address = await begin(sent, watching.signal)
    watching.onBegun(address)
    offset = 0
  }
  for (;;) {
    watching.onProgress(offset)
    const answer = await sendPiece(address, file, offset, watching)
    if (answer.status === CONFLICT || answer.status === LOCKED)
      throw new MomentaryError(t('another page sends the same file; it is tried again'))
    const reached = Number(answer.header('Upload-Offset') ?? NaN)
    if (!(reached >= offset)) throw new RefusedError(t('the server speaks no tus 1.0'))
    offset = reached
    if (offset >= file.size) {
      watching.onProgress(file.size)
      return jobOf(answer)
    }
  }
}

/** Have the server forget an upload; where it cannot, it does so by itself after some days. */
export async function discard(address: string): Promise<void> {
  await fetch(local(address), { method: 'DELETE', headers: VERSION }).catch(() => null)
}

/** Bytes that the server has; `null` where it does not know the upload any more. */
async function offsetOf(address: string, signal: AbortSignal): Promise<number | null> {
  const answer = await call('HEAD', local(address), {}, null, signal)
  if (answer.status === NOT_FOUND || answer.status === GONE) return null
  check(answer)
  return Number(answer.header('Upload-Offset'))
}

async function begin({ file, metadata }: Sent, signal: AbortSignal): Promise<string> {
  const pairs = Object.entries(metadata).map(([name, value]) => `${name} ${base64(value)}`)
  const headers = { 'Upload-Length': String(file.size), 'Upload-Metadata': pairs.join(',') }
  const answer = await call('POST', `${ROOT}/api/uploads`, headers, null, signal)
  check(answer)
  const address = answer.header('Location')
  if (!address) throw new RefusedError(t('the server speaks no tus 1.0'))
  return address
}

async function sendPiece(
  address: string,
  file: File,
  offset: number,
  { signal, onProgress }: Watching,
): Promise<Answer> {
  const headers = {
    'Upload-Offset': String(offset),
    'Content-Type': 'application/offset+octet-stream',
  }
  const piece = file.slice(offset, offset + PIECE)
  const answer = await call('PATCH', local(address), headers, piece, signal, (bytes) => {
    onProgress(Math.min(file.size, offset + bytes))
  })
  if (answer.status !== CONFLICT && answer.status !== LOCKED) check(answer)
  return answer
}

function check({ status, body }: Answer): void {
  if (status >= 200 && status < 300) return
  if (status === 0 || status >= 502) {
    if (status !== 507) throw new MomentaryError(t('the server does not answer; it is tried again'))
    throw new RefusedError(t('the server has no room left'))
  }
  if (status === 429) throw new MomentaryError(t('the server is busy; it is tried again'))
  // Begun again from the start, as the server has removed what it had.
  if (status === NOT_FOUND)
    throw new MomentaryError(t('the server has removed it; it is sent anew'))
  if (status === 413) throw new RefusedError(t('it is larger than the server takes'))
  const other = t('the server answered {status}; its log says more', { status })
  const message = messageOf(body)
  throw new RefusedError(message === null ? other : t('the server says: {message}', { message }))
}

function messageOf(body: string): string | null {
  try {
    const { message } = JSON.parse(body) as { message?: unknown }
    return typeof message === 'string' ? message : null
  } catch {
    return null // no JSON: the status alone tells
  }
}

function jobOf(answer: Answer): number | null {
  const number = JOB.exec(answer.header('Link') ?? '')?.[1]
  return number === undefined ? null : Number(number)
}

/** The path of an address, so that a page never calls another origin. */
function local(address: string): string {
  return new URL(address, location.href).pathname
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
}

/** A request; a fetch would not tell how far it is. Where there is no answer its status is 0. */
function call(
  method: string,
  address: string,
  headers: Readonly<Record<string, string>>,
  body: Blob | null,
  signal: AbortSignal,
  onProgress?: (bytes: number) => void,
): Promise<Answer> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest()
    const abort = (): void => {
      request.abort()
    }
    request.open(method, address)
    for (const [name, value] of Object.entries({ ...VERSION, ...headers }))
      request.setRequestHeader(name, value)
    if (onProgress)
      request.upload.onprogress = ({ loaded }) => {
        onProgress(loaded)
      }
    request.onloadend = () => {
      signal.removeEventListener('abort', abort)
      resolve({
        status: request.status,
        header: (name) => request.getResponseHeader(name),
        body: request.responseText,
      })
    }
    signal.addEventListener('abort', abort)
    request.send(body)
  })
}
