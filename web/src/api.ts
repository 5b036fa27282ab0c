// SPDX-License-Identifier: Apache-2.0
/**
 * The only module that calls the server: DICOMweb (PS3.18) below `/dicomweb`. A failure becomes a
 * `ServerError` in words for the reader; an aborted call rejects with the browser's `AbortError`.
 */

import type { DataSet, Element } from './dicom/json'
import type { FramePlace } from './dicom/image'
import { ROOT } from './root'

const DICOMWEB = `${ROOT}/dicomweb`
const PAGE = 500

/** Study and series: what names a slide. */
export interface SlideKey {
  readonly study: string
  readonly series: string
}

/** A frame as it is stored. */
export interface FrameBytes {
  readonly mediaType: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** The server cannot be reached or refuses; `status` is 0 where there was no answer. */
export class ServerError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message)
    this.name = 'ServerError'
  }
}

const SERIES_FIELDS = [
  'StudyDescription',
  'SeriesDescription',
  'Manufacturer',
  'ManufacturerModelName',
  'ContainerIdentifier',
].join(',')

/** What can be drawn, best first; then the other codecs, so that the answer tells what is stored. */
const FRAME_TYPES = [
  'image/jpeg',
  'application/octet-stream;q=0.8',
  ...['jp2', 'jpx', 'jphc', 'jls', 'jxl'].map((codec) => `image/${codec};q=0.1`),
].join(', ')

/** All slide series of the archive, or of one study, page by page (QIDO-RS, PS3.18 10.6). */
export async function searchSlides(study: string | null, signal?: AbortSignal): Promise<DataSet[]> {
  const resource = study ? `/studies/${encodeURIComponent(study)}/series` : '/series'
  const found: DataSet[] = []
  for (;;) {
    const query = `Modality=SM&includefield=${SERIES_FIELDS}&limit=${PAGE}&offset=${found.length}`
    const answer = await getDicomJson(`${resource}?${query}`, signal)
    const page = await dataSets(answer)
    found.push(...page)
    // The server may give less than was asked for; it tells whether there is more (RFC 8288).
    const hasMore = answer.headers.get('Link')?.includes('rel="next"') ?? false
    if (page.length === 0 || !hasMore) return found
  }
}

/** The metadata of a series' instances (WADO-RS, PS3.18 10.4.1.1.2). */
export function seriesMetadata(slide: SlideKey, signal?: AbortSignal): Promise<DataSet[]> {
  return getJson(`${seriesPath(slide)}/metadata`, signal)
}

/** How a call is made: until when, and how urgently against others. */
export interface Call {
  readonly signal?: AbortSignal
  readonly priority?: RequestPriority
}

/** One frame's bytes, as stored (PS3.18 10.4.1.1.6). */
export async function frame(slide: SlideKey, place: FramePlace, call: Call): Promise<FrameBytes> {
  const instance = encodeURIComponent(place.sopInstanceUid)
  const path = `${seriesPath(slide)}/instances/${instance}/frames/${place.frameNumber}`
  const answer = await get(DICOMWEB + path, FRAME_TYPES, call)
  const mediaType = (answer.headers.get('Content-Type') ?? '').split(';')[0]?.trim() ?? ''
  return { mediaType, bytes: new Uint8Array(await answer.arrayBuffer()) }
}

/** Instances of a study of some SOP classes, with the attributes that every server tells. */
export async function searchInstances(
  study: string,
  sopClasses: readonly string[],
  signal?: AbortSignal,
): Promise<DataSet[]> {
  const query = `SOPClassUID=${sopClasses.join(',')}&limit=${PAGE}`
  return getJson(`/studies/${encodeURIComponent(study)}/instances?${query}`, signal)
}

/** The metadata of one instance. */
export async function instanceMetadata(
  slide: SlideKey,
  sopInstanceUid: string,
  signal?: AbortSignal,
): Promise<DataSet | null> {
  const instance = encodeURIComponent(sopInstanceUid)
  const [found] = await getJson(`${seriesPath(slide)}/instances/${instance}/metadata`, signal)
  return found ?? null
}

/** One frame's samples, decoded by the server where they are compressed. */
export async function nativeFrame(
  slide: SlideKey,
  { sopInstanceUid, frameNumber }: FramePlace,
  call: Call,
): Promise<Uint8Array<ArrayBuffer>> {
  const instance = encodeURIComponent(sopInstanceUid)
  const path = `${seriesPath(slide)}/instances/${instance}/frames/${frameNumber}`
  const answer = await get(DICOMWEB + path, 'application/octet-stream', call)
  return new Uint8Array(await answer.arrayBuffer())
}

/** The bytes of a binary element: from the metadata itself, or by the address it gives. */
export async function binary(
  value: Element,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer> | null> {
  if (value.InlineBinary) {
    return Uint8Array.from(atob(value.InlineBinary), (character) => character.charCodeAt(0))
  }
  if (!value.BulkDataURI) return null
  const { pathname, search } = new URL(value.BulkDataURI, new URL(`${DICOMWEB}/`, location.href))
  // Only the path is used, so that the page never calls another origin.
  const answer = await get(pathname + search, 'application/octet-stream', signal && { signal })
  return new Uint8Array(await answer.arrayBuffer())
}

function seriesPath({ study, series }: SlideKey): string {
  return `/studies/${encodeURIComponent(study)}/series/${encodeURIComponent(series)}`
}

async function getJson(path: string, signal?: AbortSignal): Promise<DataSet[]> {
  return dataSets(await getDicomJson(path, signal))
}

function getDicomJson(path: string, signal?: AbortSignal): Promise<Response> {
  return get(DICOMWEB + path, 'application/dicom+json', signal && { signal })
}

async function dataSets(answer: Response): Promise<DataSet[]> {
  if (answer.status === 204) return []
  return (await answer.json()) as DataSet[]
}

async function get(address: string, accept: string, call: Call = {}): Promise<Response> {
  const answer = await fetch(address, { headers: { Accept: accept }, ...call }).catch(unreachable)
  if (!answer.ok) throw new ServerError(answer.status, refusal(answer.status))
  return answer
}

function unreachable(error: unknown): never {
  if (error instanceof DOMException && error.name === 'AbortError') throw error
  throw new ServerError(0, 'the server does not answer; check that tileserver is running')
}

function refusal(status: number): string {
  if (status === 404) return 'the server does not have it; it may have been deleted'
  if (status === 406) return 'it is stored in a form that this viewer cannot draw'
  return `the server answered ${status}; its log says more`
}
