// SPDX-License-Identifier: Apache-2.0
/**
 * The picture's settings on a map. A graphics card changes the colours of all that the slide's layer
 * has drawn, frame by frame, before anything is drawn above it; where there is none, each tile is
 * changed once, so that moving costs nothing. Nothing is done, and nothing loaded, where nothing
 * differs from what is stored.
 */

import { effect } from '@preact/signals'
import Interaction from 'ol/interaction/Interaction'
import type TileLayer from 'ol/layer/Tile'
import { unByKey } from 'ol/Observable'
import type RenderEvent from 'ol/render/Event'

import { attach, type Standing } from '../map/attachments'
import { slideLayer } from '../map/slideLayer'
import { SlideSource } from '../map/source'
import { ownStains } from './own'
import type { ColourPass, Drawn, Look } from './pass'
import { pickWhite } from './pick'
import { profileOf } from './profile'
import { AS_IT_COMES, formatSettings, isChanged } from './settings'
import { STANDARD, type StainMatrix } from './stains'
import { canChange, picking, settings } from './state'

/** The pass, once loaded, or its loading; shared by all maps. */
let pass: ColourPass | null = null
let loading: Promise<void> | null = null

attach((standing) => {
  const layer = slideLayer(standing.map)
  const source = layer?.getSource()
  if (!layer || !(source instanceof SlideSource)) return () => undefined
  const leave = [showing(layer, source, standing), pickingOn(layer, standing)]
  return () => {
    for (const each of leave) each()
  }
}, true)

function showing(layer: TileLayer, source: SlideSource, standing: Standing): () => void {
  const { map } = standing
  let look: Look | null = null
  let drawn = ''
  const stop = effect(() => {
    look = wanted(standing)
    if (look && (!pass || pass.isLost) && canChange.value !== false) void prepare()
    finishTiles(source, canChange.value ? look : null)
    map.render()
  })
  const keys = [
    layer.on('prerender', sharpen),
    layer.on('postrender', ({ context }) => {
      drawn = source.getKey()
      if (pass?.isSoftware) return
      if (look && pass && !pass.isLost) pass.apply(context as Drawn, look)
      say(map.getTargetElement(), pass && look)
    }),
    map.on('rendercomplete', () => {
      if (pass?.isSoftware && drawn === source.getKey()) say(map.getTargetElement(), look)
    }),
  ]
  return () => {
    stop()
    unByKey(keys)
  }
}

/** Without a graphics card tiles are changed one by one, as they come. */
function finishTiles(source: SlideSource, look: Look | null): void {
  const software = pass?.isSoftware ? pass : null
  if (!software || !look) source.finishWith('', null)
  else
    source.finishWith(nameOf(look), async (picture) =>
      picture instanceof HTMLElement && !(picture instanceof HTMLCanvasElement)
        ? picture
        : software.applied(picture, look),
    )
}

/** A name for all that is done; tables and stains do not change under a name but while they load. */
function nameOf({ settings: now, table, stains }: Look): string {
  return JSON.stringify([now, table !== null, stains])
}

/** What is to be done with the colours; `null` where they are drawn as stored. */
function wanted({ key, slide }: Standing): Look | null {
  const now = settings.value
  const profile = profileOf(slide).value
  if (now.asStored) return null
  const table = now.profile && profile.state === 'ready' ? profile.table : null
  if (!table && !isChanged(now)) return null
  const stains = now.stains && stainsFor(key, slide)
  // Until they are known nothing is taken apart by them.
  if (!stains) return { settings: { ...now, stains: null }, table, stains: STANDARD }
  return { settings: now, table, stains }
}

/** The stains' colours that are wanted; `null` while they are estimated. */
function stainsFor(key: Standing['key'], slide: Standing['slide']): StainMatrix | null {
  if (settings.value.stainColours === 'standard') return STANDARD
  const own = ownStains(key, slide).value
  if (own.state === 'loading') return null
  return own.state === 'ready' ? own.stains : STANDARD
}

async function prepare(): Promise<void> {
  if (pass?.isLost) canChange.value = null
  loading ??= import('./pass').then(({ ColourPass: Pass }) => {
    pass = Pass.make()
    canChange.value = pass !== null
    loading = null
  })
  await loading
}

/** Say on the stage what is applied, for whoever looks at the page from outside. */
function say(stage: HTMLElement | undefined | null, look: Look | null): void {
  if (!stage) return
  const words =
    look && formatSettings({ ...look.settings, profile: true, smooth: AS_IT_COMES.smooth })
  stage.dataset.picture = look
    ? [look.table && 'profile', words].filter(Boolean).join(' ')
    : 'stored'
}

/** Beyond the finest level a stored pixel may keep its edges. */
function sharpen({ context, frameState }: RenderEvent): void {
  if (!(context instanceof CanvasRenderingContext2D) || !frameState) return
  const { resolution } = frameState.viewState
  const enlarged = resolution / frameState.pixelRatio < 1
  context.imageSmoothingEnabled = settings.value.smooth || !enlarged
}

function pickingOn(layer: TileLayer, standing: Standing): () => void {
  const { map } = standing
  let isTaken = false
  const picker = new Interaction({
    handleEvent: (event) => {
      if (event.type === 'click' && picking.value) {
        isTaken = true
        pickWhite(layer, standing, event)
        return false
      }
      // What comes of the same click later was for the colour too, not for the place.
      if (event.type !== 'singleclick' || !isTaken) return true
      isTaken = false
      return false
    },
  })
  map.addInteraction(picker)
  const stop = effect(() => {
    const stage = map.getTargetElement()
    if (stage) stage.dataset.picking = String(picking.value)
  })
  return () => {
    stop()
    map.removeInteraction(picker)
  }
}
