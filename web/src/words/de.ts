// SPDX-License-Identifier: Apache-2.0
/** German, by the English text; what a part of the viewer tells stands in a file of its own. */

import { CASES } from './de/cases'
import { PAGE } from './de/page'
import { VIEW } from './de/view'

export const PARTS = [CASES, PAGE, VIEW]

export const GERMAN: Readonly<Record<string, string>> = Object.assign({}, ...PARTS) as Record<
  string,
  string
>
