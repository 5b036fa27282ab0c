// SPDX-License-Identifier: Apache-2.0
/** The other slides of the case, at the left edge; the present one is marked. */

import type { JSX } from 'preact'

import { slidePath } from '../address'
import type { SlideKey } from '../api'
import type { Identity } from '../dicom/slide'
import { keyOf, preview } from '../load'
import { navigate, siblings, stripShown } from '../state'
import { t } from '../words'
import { slideName } from './format'
import { Picture } from './Picture'
import { cases } from './tray'

export function Strip({ current }: { readonly current: SlideKey }): JSX.Element | null {
  const members = cases(siblings.value)[0]?.slides ?? []
  if (!stripShown.value || members.length < 2) return null
  return (
    <nav class="group strip fading" aria-label={t('slides of this case')}>
      {members.map((member) => (
        <StripSlide
          key={member.seriesInstanceUid}
          identity={member}
          current={member.seriesInstanceUid === current.series}
        />
      ))}
    </nav>
  )
}

function StripSlide({
  identity,
  current,
}: {
  readonly identity: Identity
  readonly current: boolean
}): JSX.Element {
  const loaded = preview(keyOf(identity)).value
  const picture = loaded.state === 'ready' ? loaded.value.picture : null
  const name = slideName(loaded.state === 'ready' ? loaded.value.slide.identity : identity)
  return (
    <a
      class="strip-slide"
      href={slidePath(keyOf(identity))}
      aria-current={current ? 'page' : undefined}
      onClick={(event) => {
        if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return
        event.preventDefault()
        if (!current) navigate(keyOf(identity))
      }}
    >
      <span class="strip-picture">
        {picture && <Picture bitmap={picture} label={t('thumbnail of {slide}', { slide: name })} />}
      </span>
      <span class="strip-name">{name}</span>
    </a>
  )
}
