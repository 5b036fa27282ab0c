// SPDX-License-Identifier: Apache-2.0
/** One of the slides: its picture, what it is, its scale, and what is marked on it. */

import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

import type { Slide } from '../dicom/slide'
import { LabelPicture } from '../ui/LabelPicture'
import { Notice } from '../ui/Notice'
import { slideName } from '../ui/format'
import { t } from '../words'
import { focusOn, removeSlide } from './actions'
import type { Cell } from './layout'
import type { Pane } from './link'
import { remainder, unitOf } from './linking'
import { Marks } from './Marks'
import { mounted, mountedAt, mountPane, setPoint, showAll, viewNow } from './moving'
import { labelsShown } from './panels'
import { PaneHead } from './PaneHead'
import { PaneScale } from './PaneScale'
import { alignments, areLoaded, comparison, ghost, plane, shownSlides, slideSignal } from './store'
import { applied } from './affine'

interface Properties {
  readonly pane: Pane
  readonly index: number
  readonly name: string
  readonly cell: Cell
}

export function PaneView({ pane, index, name, cell }: Properties): JSX.Element {
  const loaded = slideSignal(pane.key).value
  const slide = areLoaded.value ? (shownSlides.value[index] ?? null) : null
  const { focus, layout } = comparison.value
  const isUpper = layout.kind !== 'side' && index > 0
  return (
    <section
      class="pane"
      aria-label={slide ? slideName(slide.identity) : t('slide')}
      data-focus={String(focus === index)}
      data-upper={String(isUpper)}
      data-alone={String(pane.own !== null)}
      style={{
        ...{ left: `${cell.left * 100}%`, top: `${cell.top * 100}%` },
        ...{ width: `${cell.width * 100}%`, height: `${cell.height * 100}%` },
      }}
      onPointerDown={() => {
        focusOn(index)
      }}
    >
      {slide && <Contents {...{ pane, index, name, slide, isUpper }} />}
      {loaded.state === 'failed' && <FailedPane index={index} message={loaded.message} />}
    </section>
  )
}

type ContentsProperties = StageProperties & { readonly isUpper: boolean }

function Contents({ pane, index, name, slide, isUpper }: ContentsProperties): JSX.Element {
  return (
    <>
      <div class="pane-clip" style={isUpper ? upperStyle() : {}}>
        <Stage {...{ pane, index, name, slide }} />
      </div>
      <Marks {...{ pane, index, name }} />
      <PaneHead {...{ pane, index, slide }} />
      {!isUpper && <PaneScale name={name} slide={slide} />}
      {labelsShown.value && <Labels slide={slide} />}
      <Failures name={name} />
    </>
  )
}

function FailedPane({
  index,
  message,
}: {
  readonly index: number
  readonly message: string
}): JSX.Element {
  return (
    <Notice title={t('this slide cannot be opened')}>
      <p>{message}</p>
      <p>
        <button
          type="button"
          class="button"
          onClick={() => {
            removeSlide(index)
          }}
        >
          {t('remove it')}
        </button>
      </p>
    </Notice>
  )
}

/** Of the upper slide so much is seen. */
function upperStyle(): Record<string, string> {
  const { kind, at } = comparison.value.layout
  return kind === 'over'
    ? { opacity: String(at), clipPath: 'none' }
    : { opacity: '1', clipPath: `inset(0 0 0 ${at * 100}%)` }
}

type StageProperties = Omit<Properties, 'cell'> & { readonly slide: Slide }

function Stage({ pane, index, name, slide }: StageProperties): JSX.Element {
  const stage = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (!stage.current) return undefined
    const takeOff = mountPane(stage.current, name, pane, slide)
    showAll()
    return takeOff
    // A pane keeps its map while the slide is the same.
  }, [name, slide])
  return (
    <div
      ref={stage}
      class="stage"
      role="application"
      tabIndex={0}
      aria-label={t('slide {number}: {name}', {
        number: index + 1,
        name: slideName(slide.identity),
      })}
      data-state={mounted.value.get(name)?.drawing.value ?? 'loading'}
      style={{ transform: exactly(index) }}
      onFocus={() => {
        focusOn(index)
      }}
      onContextMenu={(event) => {
        event.preventDefault() // the right button turns the slides
      }}
      onKeyDown={(event) => {
        const view = viewNow(index)
        if (event.key === 'Enter' && comparison.peek().aligning && view) setPoint(name, view.centre)
      }}
      onPointerMove={(event) => {
        if (event.pointerType === 'mouse') follow(event, index, name)
      }}
      onPointerLeave={() => {
        ghost.value = null
      }}
    />
  )
}

/** What an affine alignment asks of the upper slide beyond turn and size. */
function exactly(index: number): string {
  const { layout, panes } = comparison.value
  const [alignment, now] = [alignments.value[index], plane.value]
  if (layout.kind === 'side' || index === 0 || !alignment || !now || panes[index]?.own)
    return 'none'
  const { a, b, c, d } = remainder(alignment, now)
  const isPlain = Math.abs(a - 1) + Math.abs(b) + Math.abs(c) + Math.abs(d - 1) < 1e-6
  return isPlain ? 'none' : `matrix(${a}, ${b}, ${c}, ${d}, 0, 0)`
}

/** Tell the other panes where the pointer is. */
function follow(event: PointerEvent, index: number, name: string): void {
  const [one, alignment] = [mountedAt(index), alignments.peek()[index]]
  const isAlone = comparison.peek().panes[index]?.own
  if (!one || !alignment || isAlone || event.buttons !== 0) {
    ghost.value = null
    return
  }
  const [x = 0, y = 0] = one.map.map.getEventCoordinate(event)
  const unit = unitOf(one.slide.pyramid.mpp)
  ghost.value = {
    pane: name,
    place: applied(alignment, { x: x * unit, y: -y * unit }),
  }
}

function Labels({ slide }: { readonly slide: Slide }): JSX.Element {
  return (
    <aside class="group pane-label" aria-label={t('label')}>
      {slide.label ? (
        <LabelPicture identity={slide.identity} image={slide.label} />
      ) : (
        <p class="quiet">{t('the slide has no label image')}</p>
      )}
    </aside>
  )
}

function Failures({ name }: { readonly name: string }): JSX.Element | null {
  const one = mounted.value.get(name)
  const reasons = one?.failures.value ?? []
  if (!one || reasons.length === 0) return null
  return (
    <div class="group pane-failures" role="alert">
      <p>{t('tiles stay hatched: {reasons}', { reasons: reasons.join('; ') })}</p>
      <button
        type="button"
        class="button"
        onClick={() => {
          one.map.retry()
        }}
      >
        {t('try again')}
      </button>
    </div>
  )
}
