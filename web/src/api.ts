// SPDX-License-Identifier: Apache-2.0
/**
 * The only module that calls the server: DICOMweb (PS3.18) of this server or of the other one whose
 * page it is. A failure becomes a `ServerError` in words for the reader; an aborted call rejects with
 * the browser's `AbortError`.
 *
 * Other servers are asked as every server since 2013 understands: one media type, in parts. Some
 * refuse a list of them (Orthanc's DICOMweb 1.7), and pictures of whole slides only ours draws.
 */

import type { DataSet, Element } from './dicom/json'
import type { FramePlace } from './dicom/image'
import { mediaTypeOf, onlyPart, type Part } from './multipart'
import { foreign, refusal, silence } from './refusal'
import { DICOMWEB, ORIGIN } from './root'

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

const IN_PARTS = 'multipart/related; type="application/octet-stream"'

/** What can be drawn, best first; then the other codecs, so that the answer tells what is stored. */
const FRAME_TYPES =
  ORIGIN === null
    ? [
        'image/jpeg',
        'application/octet-stream;q=0.8',
        ...['jp2', 'jpx', 'jphc', 'jls', 'jxl'].map((codec) => `image/${codec};q=0.1`),
      ].join(', ')
    : `${IN_PARTS}; transfer-syntax=*`

/** All slide series of the archive, or of one study, page by page (QIDO-RS, PS3.18 10.6). */
export async function searchSlides(study: string | null, signal?: AbortSignal): Promise<DataSet[]> {
  const resource = study ? `/studies/${encodeURIComponent(study)}/series` : '/series'
  const found: DataSet[] = []
  for (;;) {
    const query = `Modality=SM&includefield=${SERIES_FIELDS}&limit=${PAGE}&offset=${found.length}`
    const answer = await getDicomJson(`${resource}?${query}`, signal)
    const page = await dataSets(answer)
    found.push(...page)
    // The server may give less than was asked for; it tells whether there is more (RFC 8288), or
    // it is one that tells nothing, where a full page may have another behind it.
    const isTold = answer.headers.get('Link')?.includes('rel="next"') ?? false
    const hasMore = isTold || page.length >= PAGE
    if (page.length === 0 || !hasMore) return found
  }
}

/** What a server draws of a frame: JPEG, which it has at once, or else what it likes. */
const RENDERED_TYPES = ORIGIN === null ? 'image/jpeg, image/png;q=0.8' : 'image/jpeg'
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
const NATIVE =
  ORIGIN === null ? 'application/octet-stream;transfer-syntax=1.2.840.10008.1.2.1' : IN_PARTS
const BULK = ORIGIN === null ? 'application/octet-stream' : IN_PARTS

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
  const part = await partOf(await get(DICOMWEB + path, accept, call))
  return { mediaType: mediaTypeOf(part), bytes: part.bytes }
}

async function partOf(answer: Response): Promise<Part> {
  const body = new Uint8Array(await answer.arrayBuffer().catch(unreachable))
  const part = onlyPart(answer.headers.get('Content-Type') ?? '', body)
  if (!part) throw new ServerError(answer.status, foreign())
  return part
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
  const address = bulkAddress(value.BulkDataURI)
  return (await partOf(await get(address, BULK, signal && { signal }))).bytes
}

/**
 * Only the path of an address is used, so that the page never calls another server than it is of;
 * of another server's only from the study on, as it may know itself by a name that nobody else does.
 */
function bulkAddress(uri: string): string {
  const { pathname, search } = new URL(uri, new URL(`${DICOMWEB}/`, location.href))
  if (ORIGIN === null) return pathname + search
  return DICOMWEB + (/\/(?:studies|bulkdata)\/.*/i.exec(pathname)?.[0] ?? pathname) + search
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
  const found = (await answer.json().catch(noJson)) as DataSet[] | null
  if (!Array.isArray(found)) throw new ServerError(answer.status, foreign())
  return found
}

async function get(address: string, accept: string, call: Call = {}): Promise<Response> {
  const answer = await fetch(address, { headers: { Accept: accept }, ...call }).catch(unreachable)
  if (answer.ok) return answer
  const path = address.slice(DICOMWEB.length).split('?')[0] ?? ''
  const message = refusal(answer.status, await kindOf(answer), path.lastIndexOf('/') === 0)
  throw new ServerError(answer.status, message, retryAfterMs(answer.headers))
}

function unreachable(error: unknown): never {
  if (error instanceof DOMException && error.name === 'AbortError') throw error
  throw new ServerError(0, silence())
}

function noJson(error: unknown): null {
  if (error instanceof SyntaxError) return null
  throw error
}

/** The kind of an error, as this server tells it. */
async function kindOf(answer: Response): Promise<string> {
  const told = (await answer.json().catch(() => null)) as { readonly error?: unknown } | null
  return typeof told?.error === 'string' ? told.error : ''
}

/** Seconds of a Retry-After (RFC 9110 10.2.3); a date is not waited for. */
function retryAfterMs(headers: Headers): number | null {
  const seconds = Number(headers.get('Retry-After') ?? NaN)
  return seconds >= 0 ? seconds * 1000 : null
}
