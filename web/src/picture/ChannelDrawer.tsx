// SPDX-License-Identifier: Apache-2.0
/** The drawer of channels: each optical path's colour, window, gamma, and whether it is shown. */

import type { JSX } from 'preact'

import type { OpticalPath } from '../dicom/opticalPath'
import type { Slide } from '../dicom/slide'
import { Drawer } from '../ui/Drawer'
import { grouped, significant } from '../ui/format'
import { t } from '../words'
import {
  channelsOf,
  estimatedWindows,
  hasChannels,
  largestValue,
  showChannels,
} from './channelState'
import {
  hex,
  inGrey,
  inPaletteColours,
  rgb,
  usualChannels,
  type Channel,
  type Window,
} from './channels'
import { Choice, Slider, Switch } from '../ui/controls'
import { chosenPath, pathOf } from './sheets'

import './picture.css'

interface Properties {
  readonly slide: Slide
}

export function ChannelDrawer({ slide }: Properties): JSX.Element {
  return (
    <Drawer title={t('channels')}>
      {hasChannels(slide.pyramid) ? <Channels slide={slide} /> : <Paths slide={slide} />}
    </Drawer>
  )
}

/** Of a slide in colour one path is shown at a time. */
function Paths({ slide }: Properties): JSX.Element {
  const { paths } = slide.pyramid
  if (paths.length === 1) return <p class="quiet">{t('the slide is in colour and has one path')}</p>
  return (
    <section>
      <h3>{t('optical path')}</h3>
      <Choice
        label={t('optical path')}
        options={paths.map((path, index) => ({
          name: nameOf(path, index),
          chosen: pathOf(slide.pyramid) === index,
          choose: () => {
            chosenPath.value = index
          },
        }))}
      />
    </section>
  )
}

function Channels({ slide }: Properties): JSX.Element {
  const channels = channelsOf(slide)
  const presets = [
    { name: t('as the slide has them'), apply: () => usualChannels(slide.pyramid.paths) },
    { name: t('colours that stay apart'), apply: () => inPaletteColours(channels) },
    { name: t('one in grey'), apply: () => inGrey(channels) },
    {
      name: t('original windows'),
      apply: () => channels.map((channel) => ({ ...channel, window: null })),
    },
  ]
  return (
    <>
      <div class="picture-actions">
        {presets.map(({ name, apply }) => (
          <button
            key={name}
            type="button"
            class="button"
            onClick={() => {
              showChannels(slide, apply())
            }}
          >
            {name}
          </button>
        ))}
      </div>
      {channels.map((channel, index) => (
        <ChannelSection key={index} slide={slide} channel={channel} index={index} />
      ))}
    </>
  )
}

function ChannelSection({
  slide,
  channel,
  index,
}: Properties & { readonly channel: Channel; readonly index: number }): JSX.Element | null {
  const path = slide.pyramid.paths[index]
  if (!path) return null
  const name = nameOf(path, index)
  const change = (some: Partial<Channel>): void => {
    const all = channelsOf(slide)
    showChannels(
      slide,
      all.map((each, at) => (at === index ? { ...each, ...some } : each)),
    )
  }
  return (
    <section aria-label={name}>
      <div class="channel">
        <Switch
          label={name}
          on={channel.isVisible}
          onChange={(isVisible) => {
            change({ isVisible })
          }}
        />
        <input
          type="color"
          aria-label={t('colour of {name}', { name })}
          value={`#${hex(channel.colour)}`}
          onInput={({ currentTarget }) => {
            change({ colour: rgb(currentTarget.value.slice(1)) })
          }}
        />
      </div>
      {channel.isVisible && (
        <WindowSliders slide={slide} channel={channel} index={index} change={change} />
      )}
    </section>
  )
}

function WindowSliders({
  slide,
  channel,
  index,
  change,
}: Properties & {
  readonly channel: Channel
  readonly index: number
  readonly change: (some: Partial<Channel>) => void
}): JSX.Element {
  const most = largestValue(slide.pyramid)
  const estimate = estimatedWindows(slide)?.[index] ?? [0, most]
  const [low, high] = channel.window ?? estimate
  const ends: [string, number, (value: number) => Window][] = [
    [t('black at'), low, (value) => [Math.min(value, high - 1), high]],
    [t('full at'), high, (value) => [low, Math.max(value, low + 1)]],
  ]
  return (
    <>
      {ends.map(([label, value, windowAt]) => (
        <Slider
          key={label}
          label={label}
          text={grouped(value)}
          value={value}
          range={[0, Math.min(most, Math.max(estimate[1], high) * 2)]}
          step={1}
          isChanged={channel.window !== null}
          onChange={(moved) => {
            change({ window: windowAt(moved) })
          }}
          onReset={() => {
            change({ window: null })
          }}
        />
      ))}
      <Slider
        label={t('gamma')}
        text={`${significant(channel.gamma, 3)}×`}
        value={Math.log2(channel.gamma)}
        range={[-2, 2]}
        step={0.05}
        isChanged={channel.gamma !== 1}
        onChange={(moved) => {
          change({ gamma: Number((2 ** moved).toFixed(3)) })
        }}
        onReset={() => {
          change({ gamma: 1 })
        }}
      />
    </>
  )
}

function nameOf({ name, wavelength }: OpticalPath, index: number): string {
  const light = wavelength ? `${significant(wavelength, 4)}\u2009nm` : null
  return [name ?? t('path {number}', { number: index + 1 }), light].filter(Boolean).join(' · ')
}
