// SPDX-License-Identifier: Apache-2.0
/**
 * A slide's small picture in the worklist: drawn by this server; of another server, which may draw
 * none of whole slides, put together of frames. Where there is none, the place is hatched, so that
 * nobody takes it for glass.
 */

import { useSignal } from '@preact/signals'
import type { ComponentChildren, JSX } from 'preact'

import { casePath } from '../address'
import { preview } from '../load'
import { ORIGIN } from '../root'
import { openCase } from '../state'
import { isPlainClick } from '../ui/links'
import { Picture } from '../ui/Picture'
import { t } from '../words'
import { thumbnailUrl, type StripSlide } from './slides'

const THUMBNAIL_PX = { width: 96, height: 80 }

type State = 'loading' | 'ready' | 'failed'

interface Properties extends StripSlide {
  readonly study: string
}

export const Thumbnail = ORIGIN === null ? Drawn : Composed

function Drawn({ study, series, isDrawn }: Properties): JSX.Element {
  const state = useSignal<State>(isDrawn ? 'loading' : 'failed')
  return (
    <Frame study={study} series={series} state={state.value}>
      {state.value !== 'failed' && (
        <img
          src={thumbnailUrl(study, series, THUMBNAIL_PX.width, THUMBNAIL_PX.height)}
          alt=""
          decoding="async"
          fetchpriority="low"
          onLoad={() => {
            state.value = 'ready'
          }}
          onError={() => {
            state.value = 'failed'
          }}
        />
      )}
    </Frame>
  )
}

function Composed({ study, series }: Properties): JSX.Element {
  const loaded = preview({ study, series }).value
  const bitmap = loaded.state === 'ready' ? loaded.value.picture : null
  const state = loaded.state === 'loading' ? 'loading' : bitmap ? 'ready' : 'failed'
  return (
    <Frame study={study} series={series} state={state}>
      {bitmap && <Picture bitmap={bitmap} label="" />}
    </Frame>
  )
}

function Frame({
  study,
  series,
  state,
  children,
}: {
  readonly study: string
  readonly series: string
  readonly state: State
  readonly children: ComponentChildren
}): JSX.Element {
  return (
    <a
      class="thumbnail"
      href={`${casePath(study)}?slide=${series}`}
      tabIndex={-1}
      aria-label={t('open slide')}
      data-state={state}
      title={state === 'failed' ? t('no preview') : undefined}
      onClick={(event) => {
        if (!isPlainClick(event)) return
        event.preventDefault()
        openCase(study, series)
      }}
    >
      {children}
    </a>
  )
}
