// SPDX-License-Identifier: Apache-2.0
/** The ICC profile of a slide: fetched, named, and made into a table, once for each slide. */

import { signal, type Signal } from '@preact/signals'

import { binary } from '../api'
import { profileDescription } from '../dicom/icc'
import type { ColourTable } from '../dicom/iccTable'
import type { Slide } from '../dicom/slide'
import { work } from './work'

export type ProfileState =
  /** The slide has none. */
  | { readonly state: 'none' }
  | { readonly state: 'loading' }
  /** Colours come out as stored: it is sRGB in all but name. */
  | { readonly state: 'same'; readonly name: string | null }
  | { readonly state: 'ready'; readonly name: string | null; readonly table: ColourTable }
  | { readonly state: 'failed'; readonly name: string | null; readonly problem: string }

const known = new WeakMap<Slide, Signal<ProfileState>>()

/** What is known of a slide's profile, asked for when it is first wanted. */
export function profileOf(slide: Slide): Signal<ProfileState> {
  const before = known.get(slide)
  if (before) return before
  const { profile } = slide.colour
  const made = signal<ProfileState>({ state: profile ? 'loading' : 'none' })
  known.set(slide, made)
  if (profile)
    void read(slide).then((state) => {
      made.value = state
    })
  return made
}

async function read({ colour }: Slide): Promise<ProfileState> {
  let name: string | null = null
  try {
    const profile = colour.profile && (await binary(colour.profile))
    if (!profile || profile.length === 0) return { state: 'none' }
    name = profileDescription(profile)
    const { table } = await work({ kind: 'table', profile })
    return table.isIdentity ? { state: 'same', name } : { state: 'ready', name, table }
  } catch (error) {
    return { state: 'failed', name, problem: error instanceof Error ? error.message : '' }
  }
}
