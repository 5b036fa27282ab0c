// SPDX-License-Identifier: Apache-2.0
/** A slide: the picture owns the screen, small groups float at its edges. */

import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

import type { SlideKey } from '../api'
import type { Slide } from '../dicom/slide'
import { FocusGroup } from '../picture/FocusGroup'
import { reload } from '../load'
import { mountMap } from '../map/current'
import { drawer, drawing, growth, labelShown, navigate, overviewShown, slide } from '../state'
import { t } from '../words'
import { OpenDrawer } from './Drawer'
import { IdentityGroup } from './IdentityGroup'
import { LabelPanel } from './LabelPanel'
import { Notice } from './Notice'
import { Overview } from './Overview'
import { ScaleGroup } from './ScaleGroup'
import { Strip } from './Strip'
import { TileNotes } from './TileNotes'
import { Toolbar } from './Toolbar'

export function SlidePage({ slideKey }: { readonly slideKey: SlideKey }): JSX.Element {
  const loaded = slide.value
  if (loaded.state === 'failed') return <FailedSlide message={loaded.message} />
  const here =
    loaded.state === 'ready' && loaded.value.identity.seriesInstanceUid === slideKey.series
  if (!here) return <main class="slide-page" aria-busy="true" />
  return (
    <main class="slide-page" data-drawer={drawer.value ? 'open' : 'closed'}>
      <Stage slideKey={slideKey} slide={loaded.value} />
      <IdentityGroup identity={loaded.value.identity} />
      <Strip current={slideKey} />
      <Toolbar />
      <FocusGroup slide={loaded.value} />
      <ScaleGroup slide={loaded.value} />
      {overviewShown.value && <Overview slideKey={slideKey} slide={loaded.value} />}
      {labelShown.value && <LabelPanel slide={loaded.value} />}
      <OpenDrawer slide={loaded.value} />
      <TileNotes />
    </main>
  )
}

function Stage({
  slideKey,
  slide: on,
}: {
  readonly slideKey: SlideKey
  readonly slide: Slide
}): JSX.Element {
  const stage = useRef<HTMLDivElement>(null)
  useEffect(
    () => (stage.current ? mountMap(stage.current, slideKey, on) : undefined),
    [slideKey, on],
  )
  return (
    <div
      ref={stage}
      class="stage"
      role="application"
      aria-label={t('slide')}
      data-state={drawing.value}
      onContextMenu={(event) => {
        event.preventDefault() // the right button turns the slide
      }}
    />
  )
}

function FailedSlide({ message }: { readonly message: string }): JSX.Element {
  const isComing = growth.value !== null
  return (
    <main class="slide-page">
      <Notice
        title={
          isComing ? t('this slide is still being converted') : t('this slide cannot be opened')
        }
      >
        <p>{isComing ? t('It opens by itself once its first level is there.') : message}</p>
        <p>
          <button type="button" class="button" onClick={reload}>
            {t('try again')}
          </button>{' '}
          <button
            type="button"
            class="button"
            onClick={() => {
              navigate(null)
            }}
          >
            {t('worklist')}
          </button>
        </p>
      </Notice>
    </main>
  )
}
