// SPDX-License-Identifier: Apache-2.0
/** The drawer of the picture: what is done to its colours, with a way back for each. */

import type { JSX } from 'preact'

import type { Slide } from '../dicom/slide'
import { Drawer } from '../ui/Drawer'
import { significant } from '../ui/format'
import { t } from '../words'
import { compareStored } from './commands'
import { Choice, Field, Slider } from './controls'
import { ProfileSection } from './ProfileSection'
import { AS_IT_COMES, RANGES, within, type Amount } from './settings'
import { StainSection } from './StainSection'
import { canChange, change, pick, picking, settings } from './state'

import './picture.css'

export function PictureDrawer({ slide }: { readonly slide: Slide }): JSX.Element {
  return (
    <Drawer title={t('picture')}>
      {canChange.value === false && (
        <p class="warning" role="alert">
          {t('this browser offers no WebGL 2: colours are drawn as stored')}
        </p>
      )}
      <div class="picture-actions">
        <button
          type="button"
          class="button"
          aria-pressed={settings.value.asStored}
          onClick={compareStored.run}
        >
          {t('as stored')} <kbd>{compareStored.keys[0]}</kbd>
        </button>
        <button
          type="button"
          class="button"
          onClick={() => {
            settings.value = AS_IT_COMES
          }}
        >
          {t('reset all')}
        </button>
      </div>
      <Light />
      <White />
      <StainSection slide={slide} />
      <ProfileSection slide={slide} />
      <Enlarged />
    </Drawer>
  )
}

function Light(): JSX.Element {
  return (
    <section>
      <h3>{t('light and colour')}</h3>
      <AmountSlider name="brightness" label={t('brightness')} />
      <AmountSlider name="contrast" label={t('contrast')} />
      <AmountSlider name="gamma" label={t('gamma')} />
      <AmountSlider name="saturation" label={t('saturation')} />
    </section>
  )
}

/** Factors go by their logarithm, so that half and double lie as far from the middle. */
function AmountSlider({
  name,
  label,
}: {
  readonly name: Amount
  readonly label: string
}): JSX.Element {
  const value = settings.value[name]
  const isFactor = name === 'contrast' || name === 'gamma'
  const [least, most] = RANGES[name]
  const place = isFactor ? Math.log2 : Number
  const text = name === 'brightness' ? percent(value) : significant(value, 3)
  return (
    <Slider
      label={label}
      text={isFactor || name === 'saturation' ? `${text}×` : text}
      value={place(value)}
      range={[place(least), place(most)]}
      step={name === 'brightness' ? 1 : 0.05}
      isChanged={value !== AS_IT_COMES[name]}
      onChange={(moved) => {
        const amount = isFactor ? 2 ** moved : moved
        change({ [name]: within(name, Number(amount.toFixed(3))) })
      }}
      onReset={() => {
        change({ [name]: AS_IT_COMES[name] })
      }}
    />
  )
}

function percent(value: number): string {
  return `${value > 0 ? '+' : value < 0 ? '−' : ''}${significant(Math.abs(value), 3)}\u2009%`
}

function White(): JSX.Element {
  const { white } = settings.value
  const names = [t('white, red'), t('white, green'), t('white, blue')]
  return (
    <section>
      <h3>{t('white balance')}</h3>
      <Field label={t('white is')}>
        <button
          type="button"
          class="button"
          aria-pressed={picking.value}
          onClick={() => {
            pick(!picking.value)
          }}
        >
          {picking.value ? t('click on glass …') : t('pick on the slide')}
        </button>
      </Field>
      {names.map((label, channel) => (
        <Slider
          key={channel}
          label={label}
          text={String(white[channel])}
          value={white[channel] ?? 255}
          range={[1, 255]}
          step={1}
          isChanged={white[channel] !== 255}
          onChange={(moved) => {
            change({ white: replaced(white, channel, moved) })
          }}
          onReset={() => {
            change({ white: replaced(white, channel, 255) })
          }}
        />
      ))}
    </section>
  )
}

function replaced(
  white: readonly [number, number, number],
  channel: number,
  value: number,
): [number, number, number] {
  const [red, green, blue] = white.map((old, index) => (index === channel ? value : old))
  return [red ?? 255, green ?? 255, blue ?? 255]
}

function Enlarged(): JSX.Element {
  const { smooth } = settings.value
  const set = (value: boolean): void => {
    settings.value = { ...settings.value, smooth: value }
  }
  return (
    <section>
      <h3>{t('enlarged pixels')}</h3>
      <Choice
        label={t('enlarged pixels')}
        options={[
          {
            name: t('smooth'),
            chosen: smooth,
            choose: () => {
              set(true)
            },
          },
          {
            name: t('with edges'),
            chosen: !smooth,
            choose: () => {
              set(false)
            },
          },
        ]}
      />
    </section>
  )
}
