// SPDX-License-Identifier: Apache-2.0
/** What is done with a slide's colours, in words. */

import type { Slide } from '../dicom/slide'
import { retold, t } from '../words'
import { profileOf } from './profile'
import { canChange, settings } from './state'

export function profileText(slide: Slide): string {
  const profile = profileOf(slide).value
  if (profile.state === 'none') return t('no ICC profile; drawn as sRGB')
  if (profile.state === 'loading') return t('reading the ICC profile …')
  const name = profile.name ?? slide.colour.colorSpace ?? t('without a name')
  if (profile.state === 'same') return t('{name}; drawn as sRGB', { name })
  if (profile.state === 'failed') {
    const { problem } = profile
    return t('ICC profile {name} not applied: {problem}', { name, problem: retold(problem) })
  }
  if (canChange.value === false)
    return t('ICC profile {name} not applied: the browser offers no WebGL 2', { name })
  if (settings.value.asStored || !settings.value.profile)
    return t('ICC profile {name} not applied: colours as stored', { name })
  return t('ICC profile {name} applied; drawn as sRGB', { name })
}
