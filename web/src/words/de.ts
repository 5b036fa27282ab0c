// SPDX-License-Identifier: Apache-2.0
/** German, by the English text; what a part of the viewer tells stands in a file of its own. */

import { ANNOTATIONS } from './de/annotations'
import { CASES } from './de/cases'
import { COMPARE } from './de/compare'
import { JOBS } from './de/jobs'
import { KEEP } from './de/keep'
import { PAGE } from './de/page'
import { PICTURE } from './de/picture'
import { VIEW } from './de/view'

export const PARTS = [ANNOTATIONS, CASES, COMPARE, JOBS, KEEP, PAGE, PICTURE, VIEW]

export const GERMAN: Readonly<Record<string, string>> = Object.assign({}, ...PARTS) as Record<
  string,
  string
>
