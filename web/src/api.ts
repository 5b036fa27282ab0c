// SPDX-License-Identifier: Apache-2.0
/**
 * The only module that calls the server: DICOMweb (PS3.18) below `/dicomweb`. A failure becomes a
 * `ServerError` in words for the reader; an aborted call rejects with the browser's `AbortError`.
 */

import type { DataSet, Element } from './dicom/json'
import type { FramePlace } from './dicom/image'
import { ROOT } from './root'
import { t } from './words'

export const DICOMWEB = `${ROOT}/dicomweb`
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
    /** How long the server asks to be left alone. */
    readonly retryAfterMs: number | null = null,
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

/** What a server draws of a frame: JPEG, which it has at once, or else what it likes. */
const RENDERED_TYPES = 'image/jpeg, image/png;q=0.8'
/** Of JPEG: differences that no eye sees, at a quarter of the bytes of PNG. */
const RENDERED_QUALITY = 92

/** The metadata of a series' instances (WADO-RS, PS3.18 10.4.1.1.2). */
export function seriesMetadata(slide: SlideKey, signal?: AbortSignal): Promise<DataSet[]> {
  return getJson(`${seriesPath(slide)}/metadata`, signal)
}

/** How a call is made: until when, and how urgently against others. */
export interface Call {
  readonly signal?: AbortSignal
  readonly priority?: RequestPriority
}

/** What every server can make of lossless frames: samples one after the other, little endian. */
const NATIVE = 'application/octet-stream;transfer-syntax=1.2.840.10008.1.2.1'

/** One frame's bytes, as stored (PS3.18 10.4.1.1.6). */
export function frame(slide: SlideKey, place: FramePlace, call: Call): Promise<FrameBytes> {
  return bytesOf(framePath(slide, place), FRAME_TYPES, call)
}

/** One frame as the server draws it, for what is stored as a browser cannot (10.4.1.1.3). */
export function renderedFrame(slide: SlideKey, place: FramePlace, call: Call): Promise<FrameBytes> {
  const path = `${framePath(slide, place)}/rendered?quality=${RENDERED_QUALITY}`
  return bytesOf(path, RENDERED_TYPES, call)
}

/** One frame's samples, decoded by the server where they are stored in another way. */
export async function samples(
  slide: SlideKey,
  place: FramePlace,
  call: Call,
): Promise<Uint8Array<ArrayBuffer>> {
  return (await bytesOf(framePath(slide, place), NATIVE, call)).bytes
}

async function bytesOf(path: string, accept: string, call: Call): Promise<FrameBytes> {
  const answer = await get(DICOMWEB + path, accept, call)
  const mediaType = (answer.headers.get('Content-Type') ?? '').split(';')[0]?.trim() ?? ''
  return { mediaType, bytes: new Uint8Array(await answer.arrayBuffer()) }
}

/** A small picture of an image, as the server renders it (PS3.18 10.4.1.1.3). */
export async function rendered(slide: SlideKey, instance: string, most: number): Promise<Blob> {
  const path = `${seriesPath(slide)}/instances/${encodeURIComponent(instance)}/rendered`
  const answer = await get(`${DICOMWEB}${path}?viewport=${most},${most}`, 'image/jpeg')
  return answer.blob()
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

function framePath(slide: SlideKey, { sopInstanceUid, frameNumber }: FramePlace): string {
  return `${seriesPath(slide)}/instances/${encodeURIComponent(sopInstanceUid)}/frames/${frameNumber}`
}

function seriesPath({ study, series }: SlideKey): string {
  return `/studies/${encodeURIComponent(study)}/series/${encodeURIComponent(series)}`
}

async function getJson(path: string, signal?: AbortSignal): Promise<DataSet[]> {
  return dataSets(await getDicomJson(path, signal))
}

/** Ask for DICOM JSON below the DICOMweb root. */
export function getDicomJson(path: string, signal?: AbortSignal): Promise<Response> {
  return get(DICOMWEB + path, 'application/dicom+json', signal && { signal })
}

/** The data sets of an answer; none where it is empty. */
export async function dataSets(answer: Response): Promise<DataSet[]> {
  if (answer.status === 204) return []
  return (await answer.json()) as DataSet[]
}

async function get(address: string, accept: string, call: Call = {}): Promise<Response> {
  const answer = await fetch(address, { headers: { Accept: accept }, ...call }).catch(unreachable)
  if (!answer.ok)
    throw new ServerError(answer.status, refusal(answer.status), retryAfterMs(answer.headers))
  return answer
}

function unreachable(error: unknown): never {
  if (error instanceof DOMException && error.name === 'AbortError') throw error
  throw new ServerError(0, t('the server does not answer; check that tileserver is running'))
}

/** Seconds of a Retry-After (RFC 9110 10.2.3); a date is not waited for. */
function retryAfterMs(headers: Headers): number | null {
  const seconds = Number(headers.get('Retry-After') ?? NaN)
  return seconds >= 0 ? seconds * 1000 : null
}

function refusal(status: number): string {
  if (status === 404) return t('the server does not have it; it may have been deleted')
  if (status === 406) return t('it is stored in a form that this viewer cannot draw')
  return t('the server answered {status}; its log says more', { status })
}
