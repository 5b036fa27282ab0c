// SPDX-License-Identifier: Apache-2.0
/** Ways between the worklist, a case and its slides. */

import { caseStudy, navigate, openCase, openSlide, slideKey } from '../state'
import { msg } from '../words'
import type { Command } from './commands'

/** From a slide to its case, from a case to the worklist. */
export const back: Command = {
  label: msg('back'),
  keys: ['b'],
  icon: 'back',
  run: () => {
    const key = slideKey.value
    if (key && !caseStudy.value) openCase(key.study, key.series)
    else navigate(null)
  },
}
export const besideCase: Command = {
  label: msg('case beside the slide'),
  keys: ['B'],
  run: () => {
    const key = slideKey.value
    if (key && caseStudy.value) openSlide(key)
    else if (key) openCase(key.study, key.series)
  },
  pressed: () => caseStudy.value !== null,
}
