// SPDX-License-Identifier: Apache-2.0
/** The slides of a case: a small picture and what one chooses by; labels only when asked for. */

import { signal, useSignal } from '@preact/signals'
import type { JSX } from 'preact'

import { magnification } from '../dicom/geometry'
import type { Identity, Slide } from '../dicom/slide'
import { coarsestImage, keyOf, picture, preview, type Preview } from '../load'
import { labelsLiked, navigate, openSlide, siblings, slideKey, type Loadable } from '../state'
import { slidePath } from '../address'
import { ChooseBox } from '../compare/Choose'
import { perPixel, physicalSize, pixelSize, slideName, times } from '../ui/format'
import { Icon } from '../ui/Icon'
import { LabelPicture } from '../ui/LabelPicture'
import { isPlainClick } from '../ui/links'
import { Picture } from '../ui/Picture'
import { cases } from '../ui/tray'
import { msg, t } from '../words'
import type { Series } from './contents'
import { SeriesFiles } from './SeriesFiles'
import { blockOf, stainOf } from './specimen'

/** The width of a tray's pictures, in the style sheet too. */
const PICTURE_PX = 132

/** Whether pictures are as large against each other as the tissue is on glass. */
const isTrueSize = signal(false)

export function SlideTray({ all }: { readonly all: readonly Series[] }): JSX.Element | null {
  const slides = cases(siblings.value)[0]?.slides ?? []
  if (slides.length === 0) return null
  const largest = Math.max(...slides.map((each) => widestMm(preview(keyOf(each)).value)))
  return (
    <section aria-label={t('slides')}>
      <div class="tray-options">
        <h2>
          {slides.length === 1 ? t('1 slide') : t('{count} slides', { count: slides.length })}
        </h2>
        <Option name={t('true sizes')} option={isTrueSize} />
        <Option name={t('labels')} option={labelsLiked} />
      </div>
      <ol class="tray-slides">
        {slides.map((each) => (
          <TraySlide
            key={each.seriesInstanceUid}
            identity={each}
            largest={largest}
            count={all.find(({ series }) => series === each.seriesInstanceUid)?.instances ?? null}
          />
        ))}
      </ol>
    </section>
  )
}

function Option({
  name,
  option,
}: {
  readonly name: string
  readonly option: { value: boolean }
}): JSX.Element {
  return (
    <button
      type="button"
      class="tool option"
      aria-pressed={option.value}
      onClick={() => {
        option.value = !option.value
      }}
    >
      {name}
    </button>
  )
}

interface Properties {
  readonly identity: Identity
  /** Millimetres of the longest side in the tray. */
  readonly largest: number
  readonly count: number | null
}

function TraySlide({ identity, largest, count }: Properties): JSX.Element {
  const loaded = preview(keyOf(identity)).value
  const slide = loaded.state === 'ready' ? loaded.value.slide : null
  const key = keyOf(identity)
  const name = slideName(slide?.identity ?? identity)
  const isCurrent = slideKey.value?.series === key.series
  return (
    <li class="tray-slide" data-state={loaded.state} aria-current={isCurrent ? 'true' : undefined}>
      <a
        class="tray-link"
        href={slidePath(key)}
        onClick={(event) => {
          if (!isPlainClick(event)) return
          event.preventDefault()
          if (!isCurrent) navigate(key)
        }}
        onDblClick={() => {
          openSlide(key)
        }}
      >
        <span class="tray-picture">
          <TrayPicture loaded={loaded} identity={identity} name={name} largest={largest} />
        </span>
        <span class="tray-facts">
          <strong>{name}</strong>
          {loaded.state === 'failed' ? <span>{loaded.message}</span> : <Facts slide={slide} />}
        </span>
      </a>
      <ChooseBox slideKey={key} name={name} />
      {slide && <TrayLabel slide={slide} name={name} />}
      <SeriesFiles
        study={identity.studyInstanceUid}
        series={identity.seriesInstanceUid}
        name={name}
        count={count}
      />
    </li>
  )
}

function Facts({ slide }: { readonly slide: Slide | null }): JSX.Element | null {
  if (!slide) return null
  const base = slide.pyramid.levels[0].image.dataSet
  const { mpp, size } = slide.pyramid
  const made = [stainOf(base), blockOf(base) && t('block {name}', { name: blockOf(base) ?? '' })]
  const scale = mpp
    ? [times(slide.objectivePower ?? magnification(mpp)), perPixel(mpp)]
    : [t('uncalibrated')]
  return (
    <>
      <span>{made.filter(Boolean).join(' · ')}</span>
      <span>{scale.join(' · ')}</span>
      {mpp && <span>{physicalSize(size, mpp)}</span>}
      <span>{pixelSize(size)}</span>
      <span>{slide.identity.scanner}</span>
    </>
  )
}

function TrayPicture({
  loaded,
  identity,
  name,
  largest,
}: {
  readonly loaded: Loadable<Preview>
  readonly identity: Identity
  readonly name: string
  readonly largest: number
}): JSX.Element {
  if (loaded.state === 'failed') return <span class="quiet">{t('cannot be shown')}</span>
  if (loaded.state === 'loading') return <span />
  const { slide, picture: small, problem } = loaded.value
  const { mpp, size } = slide.pyramid
  const label = t('thumbnail of {slide}', { slide: name })
  if (isTrueSize.value && mpp) {
    // A thumbnail need not show the same region as the slide: the coarsest level does.
    const level = picture(keyOf(identity), coarsestImage(slide)).value
    const width = (PICTURE_PX * ((size.width * mpp) / 1000)) / largest
    const bitmap = level.state === 'ready' ? level.value : null
    return (
      <span class="true-size" style={{ width: `${width}px` }}>
        {bitmap && <Picture bitmap={bitmap} label={label} />}
      </span>
    )
  }
  if (!small) return <span class="quiet">{problem}</span>
  return <Picture bitmap={small} label={label} />
}

function TrayLabel({
  slide,
  name,
}: {
  readonly slide: Slide
  readonly name: string
}): JSX.Element | null {
  const own = useSignal<boolean | null>(null)
  const isShown = own.value ?? labelsLiked.value
  if (!slide.label) return null
  return (
    <>
      <button
        type="button"
        class="tool tray-label"
        aria-label={t(isShown ? msg('hide label of {slide}') : msg('show label of {slide}'), {
          slide: name,
        })}
        aria-pressed={isShown}
        onClick={() => {
          own.value = !isShown
        }}
      >
        <Icon name="label" />
      </button>
      {isShown && <LabelPicture identity={slide.identity} image={slide.label} />}
    </>
  )
}

function widestMm(loaded: Loadable<Preview>): number {
  if (loaded.state !== 'ready') return 0.001
  const { mpp, size } = loaded.value.slide.pyramid
  return mpp ? (Math.max(size.width, size.height) * mpp) / 1000 : 0.001
}
