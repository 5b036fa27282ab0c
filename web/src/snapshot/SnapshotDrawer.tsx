// SPDX-License-Identifier: Apache-2.0
/** The drawer of pictures to keep: how large, what stands in them, and where they go. */

import { useSignal, type Signal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'

import type { Viewed } from '../dicom/geometry'
import type { Slide } from '../dicom/slide'
import { identityHidden, viewed } from '../state'
import { Drawer } from '../ui/Drawer'
import { perPixel, pixelSize } from '../ui/format'
import { Tick } from '../ui/Tick'
import { msg, t } from '../words'
import { PARTS, type Part } from './caption'
import { barShown, parts, wish } from './choices'
import { canCopy, copy, pngOf, print, save } from './hand'
import { make, type Made } from './make'
import { fieldOf, INSETS, isPossible, type Inset, type Wish } from './plan'

import './snapshot.css'

const ENLARGEMENTS = [1, 2, 3, 4, 6] as const
const CLOSER = [2, 4, 8] as const
const INSET_NAMES: Readonly<Record<Inset, string>> = {
  none: msg('no inset'),
  overview: msg('the whole slide, this field marked'),
  detail: msg('the middle, magnified'),
}
const PART_NAMES: Readonly<Record<Part, string>> = {
  slide: msg('name of the slide'),
  stain: msg('stain'),
  scale: msg('magnification and µm per pixel'),
  date: msg('date of the scan'),
  colours: msg('what is done to the colours'),
  patient: msg('patient'),
}

/** What is being made, and what became of it. */
interface Work {
  readonly words: string
  readonly isProblem?: boolean
  readonly stop?: AbortController
}

export function SnapshotDrawer({ slide }: { readonly slide: Slide }): JSX.Element {
  const work = useSignal<Work>({ words: '' })
  useEffect(
    () => () => {
      work.peek().stop?.abort()
    },
    [slide],
  )
  return (
    <Drawer title={t('snapshot')}>
      <Sizes slide={slide} />
      <Insets />
      <fieldset class="plain">
        <legend>{t('in the picture')}</legend>
        <Tick of={barShown} disabled={slide.pyramid.mpp === null}>
          {t('scale bar')}
        </Tick>
        {PARTS.map((part) => (
          <Tick key={part} of={parts[part]} disabled={part === 'patient' && identityHidden.value}>
            {t(PART_NAMES[part])}
          </Tick>
        ))}
      </fieldset>
      <Actions slide={slide} work={work} />
    </Drawer>
  )
}

function Sizes({ slide }: { readonly slide: Slide }): JSX.Element | null {
  const now = viewed.value
  if (!now) return null
  const { mpp } = slide.pyramid
  const possible = ENLARGEMENTS.filter((each) => isPossible(field(now, each).screen))
  const { enlargement } = wish.value
  const chosen = field(now, enlargement)
  const isEnlarged = chosen.downsample < 0.995
  return (
    <>
      <label class="line">
        <span>{t('size')}</span>
        <select
          class="field"
          value={enlargement}
          onChange={(event) => {
            choose({ enlargement: Number(event.currentTarget.value) })
          }}
        >
          {possible.map((each) => (
            <option key={each} value={each}>
              {`${each}×: ${pixelSize(field(now, each).screen)}`}
            </option>
          ))}
        </select>
      </label>
      <p class="quiet">
        {enlargement === 1 && t('as on the screen')}
        {enlargement === 1 && mpp && ' · '}
        {mpp && perPixel(mpp * chosen.downsample)}
        {mpp &&
          isEnlarged &&
          ` · ${t('enlarged: the slide stores {stored}', { stored: perPixel(mpp) })}`}
      </p>
    </>
  )
}

function Insets(): JSX.Element {
  const { inset, closer } = wish.value
  return (
    <div class="line">
      <label class="line">
        <span>{t('inset')}</span>
        <select
          class="field"
          value={inset}
          onChange={(event) => {
            const wanted = event.currentTarget.value
            choose({ inset: INSETS.find((each) => each === wanted) ?? 'none' })
          }}
        >
          {INSETS.map((each) => (
            <option key={each} value={each}>
              {t(INSET_NAMES[each])}
            </option>
          ))}
        </select>
      </label>
      {inset === 'detail' && (
        <select
          class="field"
          aria-label={t('closer by')}
          value={closer}
          onChange={(event) => {
            choose({ closer: Number(event.currentTarget.value) })
          }}
        >
          {CLOSER.map((each) => (
            <option key={each} value={each}>{`${each}×`}</option>
          ))}
        </select>
      )}
    </div>
  )
}

interface ActionsProperties {
  readonly slide: Slide
  readonly work: Signal<Work>
}

function Actions({ slide, work }: ActionsProperties): JSX.Element {
  const { words, isProblem, stop } = work.value
  const isBusy = stop !== undefined
  const saving = (): void => {
    void run(work, slide, false, async (made) => {
      save(await pngOf(made.canvas), made.name)
      return t('saved as {name}', { name: made.name })
    })
  }
  const copying = (): void => {
    void run(work, slide, false, async (made) => {
      await copy(pngOf(made.canvas))
      return t('copied')
    })
  }
  const printing = (): void => {
    void run(work, slide, true, async (made) => {
      await print(await pngOf(made.canvas), made.caption)
      return ''
    })
  }
  return (
    <>
      <div class="snapshot-actions">
        <button type="button" class="button" disabled={isBusy} onClick={saving}>
          {t('save as PNG')}
        </button>
        <button type="button" class="button" disabled={isBusy || !canCopy()} onClick={copying}>
          {t('copy')}
        </button>
        <button type="button" class="button" disabled={isBusy} onClick={printing}>
          {t('print')}
        </button>
        {stop && (
          <button
            type="button"
            class="button"
            onClick={() => {
              stop.abort()
            }}
          >
            {t('stop')}
          </button>
        )}
      </div>
      {!canCopy() && (
        <p class="quiet">{t('browsers let only pages of https copy pictures; save it instead')}</p>
      )}
      <p class={isProblem ? 'wrong' : 'quiet'} role="status">
        {words}
      </p>
    </>
  )
}

type Hand = (made: Made) => Promise<string>

async function run(work: Signal<Work>, slide: Slide, apart: boolean, hand: Hand): Promise<void> {
  const stop = new AbortController()
  work.value = { words: t('waiting for tiles …'), stop }
  const onBlock = (done: number, all: number): void => {
    if (all > 1) work.value = { words: t('drawn: {done} of {all} parts', { done, all }), stop }
  }
  try {
    const made = await make(slide, { signal: stop.signal, onBlock }, apart)
    const words = await hand(made)
    const said = made.gaps > 0 ? t('incomplete: the caption says what is hatched') : ''
    work.value = { words: [words, said].filter(Boolean).join('; '), isProblem: made.gaps > 0 }
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    work.value = stop.signal.aborted
      ? { words: t('stopped') }
      : { words: t('no picture was made: {problem}', { problem }), isProblem: true }
  }
}

function choose(some: Partial<Wish>): void {
  wish.value = { ...wish.value, ...some }
}

function field(now: Viewed, enlargement: number): Viewed {
  return fieldOf(now, devicePixelRatio, { ...wish.value, enlargement })
}
