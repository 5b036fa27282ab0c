// SPDX-License-Identifier: Apache-2.0
/** A slide on the tray: its picture, what it is, how large; the label only when asked for. */

import { useComputed, useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

import { slidePath } from '../address'
import type { TiledImage } from '../dicom/image'
import { magnification } from '../dicom/geometry'
import type { Identity, Slide } from '../dicom/slide'
import { keyOf, picture, preview, type Preview } from '../load'
import { LOADING, navigate, type Loadable } from '../state'
import { msg, t } from '../words'
import { perPixel, physicalSize, pixelSize, slideName, times } from './format'
import { Icon } from './Icon'
import { Picture } from './Picture'

export function SlideCard({ identity }: { readonly identity: Identity }): JSX.Element {
  const card = useRef<HTMLLIElement>(null)
  const loaded = usePreview(identity, card)
  const slide = loaded.state === 'ready' ? loaded.value.slide : null
  const name = slideName(slide?.identity ?? identity)
  return (
    <li ref={card} class="card" data-state={loaded.state}>
      <a
        class="card-link"
        href={slidePath(keyOf(identity))}
        onClick={(event) => {
          follow(event, identity)
        }}
      >
        <span class="card-picture">
          <CardPicture loaded={loaded} name={name} />
        </span>
        <span class="card-name">{name}</span>
        <span class="card-facts">
          {loaded.state === 'failed' ? loaded.message : <Facts slide={slide} />}
        </span>
      </a>
      {slide?.label && <CardLabel identity={identity} image={slide.label} name={name} />}
    </li>
  )
}

interface ImageProperties {
  readonly identity: Identity
  readonly image: TiledImage
}

function CardLabel({
  identity,
  image,
  name,
}: ImageProperties & { readonly name: string }): JSX.Element {
  const open = useSignal(false)
  return (
    <>
      <button
        type="button"
        class="tool card-label"
        aria-label={t(open.value ? msg('hide label of {slide}') : msg('show label of {slide}'), {
          slide: name,
        })}
        aria-pressed={open.value}
        onClick={() => {
          open.value = !open.value
        }}
      >
        <Icon name="label" />
      </button>
      {open.value && <LabelPicture identity={identity} image={image} />}
    </>
  )
}

/** A label or the whole glass, fetched when it is put on the page. */
export function LabelPicture({ identity, image }: ImageProperties): JSX.Element {
  const name = image.flavour === 'LABEL' ? t('label') : t('whole glass')
  const { value } = picture(keyOf(identity), image)
  if (value.state === 'loading') return <p class="label-picture quiet">…</p>
  if (value.state === 'failed') return <p class="label-picture quiet">{value.message}</p>
  if (!value.value) return <p class="label-picture quiet">{t('too large to show here')}</p>
  return (
    <div class="label-picture">
      <Picture bitmap={value.value} label={name} />
    </div>
  )
}

function CardPicture({
  loaded,
  name,
}: {
  readonly loaded: Loadable<Preview>
  readonly name: string
}): JSX.Element {
  if (loaded.state === 'failed') return <span class="quiet">{t('cannot be shown')}</span>
  if (loaded.state === 'loading') return <span class="card-waiting" />
  if (!loaded.value.picture) return <span class="quiet">{loaded.value.problem}</span>
  return (
    <Picture bitmap={loaded.value.picture} label={t('thumbnail of {slide}', { slide: name })} />
  )
}

function Facts({ slide }: { readonly slide: Slide | null }): JSX.Element {
  if (!slide) return <>{'\u00a0'}</>
  const { mpp, size } = slide.pyramid
  const scale = mpp
    ? [times(slide.objectivePower ?? magnification(mpp)), perPixel(mpp), physicalSize(size, mpp)]
    : [t('uncalibrated')]
  return (
    <>
      <span>{scale.join(' · ')}</span>
      <span>{[pixelSize(size), slide.identity.scanner].filter(Boolean).join(' · ')}</span>
    </>
  )
}

/** The preview of a slide, asked for when its card first comes into sight. */
function usePreview(
  identity: Identity,
  card: { readonly current: HTMLElement | null },
): Loadable<Preview> {
  const seen = useSignal(false)
  useEffect(() => {
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (entry?.isIntersecting) seen.value = true
      },
      { rootMargin: '200px' },
    )
    if (card.current) observer.observe(card.current)
    return () => {
      observer.disconnect()
    }
  }, [])
  return useComputed(() => (seen.value ? preview(keyOf(identity)).value : LOADING)).value
}

/** A plain click stays in the page; the browser keeps its own ways (new tab, new window). */
function follow(event: MouseEvent, identity: Identity): void {
  if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return
  event.preventDefault()
  navigate(keyOf(identity))
}
