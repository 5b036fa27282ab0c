// SPDX-License-Identifier: Apache-2.0
/** The work beside the page: tables of profiles, the stains of a slide, the light of channels. */

import { colourTable, type ColourTable } from '../dicom/iccTable'
import type { Window } from './channels'
import { composed, cropped, percentiles, type Layer } from './compose'
import { stainsOfPicture } from './macenko'
import type { StainMatrix } from './stains'

export type Job =
  | { readonly kind: 'table'; readonly profile: Uint8Array }
  | { readonly kind: 'stains'; readonly rgba: Uint8ClampedArray }
  | {
      readonly kind: 'compose'
      readonly layers: readonly Layer[]
      readonly width: number
      readonly height: number
    }
  | {
      readonly kind: 'window'
      readonly frames: readonly Samples[]
      readonly bits: 8 | 16
      readonly width: number
    }

/** A frame's samples, and how much of it lies on the slide. */
export interface Samples {
  readonly bytes: Uint8Array | null
  readonly columns: number
  readonly rows: number
}

export type Answer =
  | { readonly kind: 'table'; readonly table: ColourTable }
  | { readonly kind: 'stains'; readonly stains: StainMatrix | null }
  | { readonly kind: 'compose'; readonly bitmap: ImageBitmap | null }
  | { readonly kind: 'window'; readonly window: Window | null }

export interface Question {
  readonly number: number
  readonly job: Job
}

export interface Result {
  readonly number: number
  readonly answer: Answer | null
  readonly problem: string
}

addEventListener('message', ({ data }: MessageEvent<Question>) => {
  void done(data)
})

async function done({ number, job }: Question): Promise<void> {
  try {
    const found = await answer(job)
    const given = found.kind === 'compose' && found.bitmap ? [found.bitmap] : []
    tell({ number, answer: found, problem: '' }, given)
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    tell({ number, answer: null, problem }, [])
  }
}

function tell(result: Result, given: Transferable[]): void {
  postMessage(result, { transfer: given })
}

async function answer(job: Job): Promise<Answer> {
  switch (job.kind) {
    case 'table':
      return { kind: 'table', table: colourTable(job.profile) }
    case 'stains':
      return { kind: 'stains', stains: stainsOfPicture(job.rgba) }
    case 'compose':
      return { kind: 'compose', bitmap: await bitmapOf(job) }
    case 'window':
      return { kind: 'window', window: windowOf(job) }
  }
}

async function bitmapOf({
  layers,
  width,
  height,
}: Extract<Job, { kind: 'compose' }>): Promise<ImageBitmap | null> {
  // Of no channel at all nothing is seen, which is not the same as a frame that is missing.
  const rgba =
    layers.length === 0
      ? new Uint8ClampedArray(width * height * 4)
      : composed(layers, width * height)
  return rgba && createImageBitmap(new ImageData(rgba, width, height))
}

function windowOf({ frames, bits, width }: Extract<Job, { kind: 'window' }>): Window | null {
  return percentiles(
    frames.flatMap(({ bytes, columns, rows }) =>
      bytes ? [[cropped(bytes, bits, width, columns, rows), bits] as const] : [],
    ),
  )
}
