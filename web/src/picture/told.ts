// SPDX-License-Identifier: Apache-2.0
/** What is done to the picture, in words for a caption: by what the stage says is drawn. */

import type { OnPage } from '../captions'
import type { OpticalPath } from '../dicom/opticalPath'
import type { Pyramid } from '../dicom/pyramid'
import type { Slide } from '../dicom/slide'
import { t } from '../words'
import type { Channel, Window } from './channels'
import { channelsOf, estimatedWindows, hasChannels } from './channelState'
import { ownStains } from './own'
import { profileOf } from './profile'
import { profileText } from './profileText'
import { AS_IT_COMES, parseSettings, type PictureSettings, type StainsShown } from './settings'
import { planeOf } from './sheets'

/** What is said of a slide's picture. */
export function told({ key, slide, stage }: OnPage): string[] {
  const drawn = (stage.dataset.picture ?? 'stored').split(' ')
  const settings = parseSettings(drawn.join(' '))
  const isOwn = settings.stainColours === 'slide' && ownStains(key, slide).value.state === 'ready'
  return [
    ...planeWords(slide.pyramid),
    ...(hasChannels(slide.pyramid)
      ? channelWords(channelsOf(slide), slide.pyramid.paths, estimatedWindows(slide))
      : [profileWords(slide, drawn.includes('profile'))]),
    ...changeWords(settings, isOwn),
  ]
}

/** The profile is applied only where the stage says so, whatever was asked for. */
function profileWords(slide: Slide, isApplied: boolean): string {
  const profile = profileOf(slide).value
  if (isApplied || profile.state !== 'ready') return profileText(slide)
  const name = profile.name ?? slide.colour.colorSpace ?? t('without a name')
  return t('ICC profile {name} not applied: colours as stored', { name })
}

/** Each thing that was changed for the eye. */
export function changeWords(settings: PictureSettings, ownColours: boolean): string[] {
  if (settings.asStored) return []
  const { white, stains } = settings
  const brightness = `${settings.brightness > 0 ? '+' : '−'}${Math.abs(settings.brightness)}\u2009%`
  const said: (readonly [boolean, string])[] = [
    [white.some((value) => value !== 255), `${t('white is')} ${white.join(' / ')}`],
    [settings.brightness !== 0, `${t('brightness')} ${brightness}`],
    ...(['contrast', 'gamma', 'saturation'] as const).map((name): readonly [boolean, string] => [
      settings[name] !== AS_IT_COMES[name],
      `${amountName(name)} ${Number(settings[name].toFixed(2))}`,
    ]),
  ]
  return [
    ...said.filter(([isChanged]) => isChanged).map(([, words]) => words),
    ...(stains ? [stainWords(stains, ownColours)] : []),
  ]
}

function amountName(name: 'contrast' | 'gamma' | 'saturation'): string {
  return { contrast: t('contrast'), gamma: t('gamma'), saturation: t('saturation') }[name]
}

function stainWords(stains: StainsShown, ownColours: boolean): string {
  const names = [
    stains.haematoxylin && t('haematoxylin'),
    stains.eosin && t('eosin'),
    stains.residual && t('residual: neither of them'),
  ]
  const colours = ownColours
    ? t('estimated from the whole slide (Macenko)')
    : t('colours by Ruifrok and Johnston')
  return t('stains taken apart, shown: {stains}; {colours}', {
    stains: names.filter(Boolean).join(', ') || t('none'),
    colours,
  })
}

/** Channels that are shown, each with the values that are black and full. */
export function channelWords(
  channels: readonly Channel[],
  paths: readonly OpticalPath[],
  estimated: readonly Window[] | null,
): string[] {
  const shown = channels.flatMap((channel, index) => {
    if (!channel.isVisible) return []
    const name = paths[index]?.name ?? t('path {number}', { number: index + 1 })
    const window = channel.window ?? estimated?.[index]
    const values = window ? `${Math.round(window[0])}–${Math.round(window[1])}` : ''
    const gamma = channel.gamma === 1 ? '' : `${t('gamma')} ${channel.gamma}`
    const colour = `#${channel.colour.map((part) => part.toString(16).padStart(2, '0')).join('')}`
    return [`${name} (${[colour, values, gamma].filter(Boolean).join(', ')})`]
  })
  const names = shown.join('; ') || t('none')
  return [t('channels, in colours that the slide does not store: {names}', { names })]
}

function planeWords(pyramid: Pyramid): string[] {
  const planes = pyramid.heights.length
  return planes === 1
    ? []
    : [t('plane {plane} of {planes}', { plane: planeOf(pyramid) + 1, planes })]
}
