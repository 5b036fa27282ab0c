// SPDX-License-Identifier: Apache-2.0
/** A slide: the picture owns the screen, small groups float at its edges. */

import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

import type { SlideKey } from '../api'
import type { Slide } from '../dicom/slide'
import { FocusGroup } from '../picture/FocusGroup'
import { reload } from '../load'
import { mountMap, retryTiles } from '../map/current'
import { drawer, drawing, failures, labelShown, navigate, overviewShown, slide } from '../state'
import { OpenDrawer } from './Drawer'
import { IdentityGroup } from './IdentityGroup'
import { LabelPanel } from './LabelPanel'
import { Notice } from './Notice'
import { Overview } from './Overview'
import { ScaleGroup } from './ScaleGroup'
import { Strip } from './Strip'
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
      <Failures />
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
      aria-label="slide"
      data-state={drawing.value}
      onContextMenu={(event) => {
        event.preventDefault() // the right button turns the slide
      }}
    />
  )
}

function Failures(): JSX.Element | null {
  const failed = failures.value
  if (!failed) return null
  return (
    <div class="group failures" role="alert">
      <p>
        <strong>
          {failed.count === 1 ? 'one tile' : `${failed.count} tiles`} could not be drawn
        </strong>{' '}
        and stay hatched: {failed.message}.
      </p>
      {failed.momentary && (
        <button type="button" class="button" onClick={retryTiles}>
          try again
        </button>
      )}
    </div>
  )
}

function FailedSlide({ message }: { readonly message: string }): JSX.Element {
  return (
    <main class="slide-page">
      <Notice title="this slide cannot be opened">
        <p>{message}</p>
        <p>
          <button type="button" class="button" onClick={reload}>
            try again
          </button>{' '}
          <button
            type="button"
            class="button"
            onClick={() => {
              navigate(null)
            }}
          >
            all slides
          </button>
        </p>
      </Notice>
    </main>
  )
}
