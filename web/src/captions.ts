// SPDX-License-Identifier: Apache-2.0
/**
 * What features say of the picture that they have changed, for whoever shows it elsewhere; a
 * feature does not know who asks.
 */

import type { SlideKey } from './api'
import type { Slide } from './dicom/slide'

/** A slide as it is on the page. */
export interface OnPage {
  readonly key: SlideKey
  readonly slide: Slide
  /** The element of its map, on which is said what is drawn. */
  readonly stage: HTMLElement
}

/** Says, in sentences without an end, what is done to the picture. */
export type Teller = (of: OnPage) => Promise<readonly string[]>

const tellers: Teller[] = []

/** Have a say in captions from now on. */
export function tell(teller: Teller): void {
  tellers.push(teller)
}

/** What all features say. */
export async function told(of: OnPage): Promise<string[]> {
  return (await Promise.all(tellers.map((teller) => teller(of)))).flat()
}
