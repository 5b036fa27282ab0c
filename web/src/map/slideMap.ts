// SPDX-License-Identifier: Apache-2.0
/**
 * The map of one slide: layer, view and gestures. It writes where the view is into the store and
 * says on its element, by `data-state`, whether every tile of the view is drawn.
 */

import OlMap from 'ol/Map'
import TileLayer from 'ol/layer/Tile'
import type RenderEvent from 'ol/render/Event'
import { unByKey } from 'ol/Observable'

import { oneTurn, type Place } from '../address'
import type { SlideKey } from '../api'
import { homeDownsample, type Point, type Size, type Viewed } from '../dicom/geometry'
import type { Pyramid } from '../dicom/pyramid'
import { slideExtent } from './grid'
import { gestures } from './gestures'
import { SlideSource } from './source'
import { slideView } from './view'

/** Room around the slide at home, in screen pixels: the floating groups lie there. */
const HOME_MARGIN_PX = 72
const MOVE_MS = 140
/** Decoded tiles kept, in bytes. */
const CACHE_BYTES = 256 * 1024 * 1024

/** What the map tells of itself. */
export interface Listener {
  readonly onViewed: (viewed: Viewed) => void
  readonly onSettled: (place: Place) => void
  readonly onDrawing: (state: 'loading' | 'ready') => void
  readonly onFailure: (error: unknown) => void
}

/** Something to go to; what is left out stays as it is. */
export interface Target {
  readonly centre?: Point
  readonly downsample?: number
  readonly rotation?: number
}

export class SlideMap {
  readonly map: OlMap
  private readonly source: SlideSource
  private readonly mpp: number
  private keys: Parameters<typeof unByKey>[0] = []
  /** Where the last move leads. */
  private heading: Viewed | null = null

  constructor(
    private readonly element: HTMLElement,
    key: SlideKey,
    private readonly pyramid: Pyramid,
    private readonly listener: Listener,
  ) {
    this.mpp = pyramid.mpp ?? 1
    this.source = new SlideSource(key, pyramid, listener.onFailure)
    const layer = new TileLayer({
      source: this.source,
      extent: slideExtent(pyramid),
      cacheSize: cachedTiles(pyramid),
      preload: 1,
    })
    layer.on('prerender', smooth)
    this.map = new OlMap({
      target: element,
      layers: [layer],
      view: slideView(pyramid),
      controls: [],
      interactions: gestures((centre) => {
        this.zoomToPreset(centre)
      }),
      maxTilesLoading: 12,
    })
    this.listen()
  }

  /** The preset that a double click goes to, given the present downsample; set by the page. */
  nextDownsample: (downsample: number) => number = (downsample) => downsample / 2

  /** Show all of the slide, upright. */
  home(animated = true): void {
    const { width, height } = this.pyramid.size
    const downsample = homeDownsample(this.pyramid.size, this.screen(), HOME_MARGIN_PX)
    this.go({ centre: { x: width / 2, y: height / 2 }, downsample, rotation: 0 }, animated)
  }

  /** Show what an address asks for, exactly. */
  show({ centre, scale, degrees }: Place): void {
    const rotation = (degrees * Math.PI) / 180
    this.go({ centre, downsample: scale / this.mpp, rotation }, false)
  }

  /** Go somewhere; with a short move unless the reader asked for none. */
  go(target: Target, animated = true): void {
    const view = this.map.getView()
    this.heading = { ...this.bound(), ...target }
    const { centre, downsample, rotation } = this.heading
    const duration = animated && !stillness.matches ? MOVE_MS : 0
    view.cancelAnimations()
    view.animate({
      center: [centre.x, -centre.y],
      resolution: view.getConstrainedResolution(downsample) ?? downsample,
      rotation,
      duration,
    })
  }

  /** Zoom about the centre; a factor above 1 comes closer. */
  zoom(factor: number): void {
    this.go({ downsample: this.bound().downsample / factor })
  }

  /** Turn the picture clockwise. */
  rotate(degrees: number): void {
    this.go({ rotation: this.bound().rotation + (degrees * Math.PI) / 180 })
  }

  /** Move the view by parts of the screen: `right` and `down` as the reader sees them. */
  pan(right: number, down: number): void {
    const { centre, downsample, rotation, screen } = this.bound()
    const [dx, dy] = [right * screen.width * downsample, down * screen.height * downsample]
    const [cos, sin] = [Math.cos(rotation), Math.sin(rotation)]
    this.go({ centre: { x: centre.x + dx * cos + dy * sin, y: centre.y - dx * sin + dy * cos } })
  }

  /** Ask again for every tile. */
  retry(): void {
    this.source.refresh()
  }

  /** Take the map off the page and cancel what is under way. */
  dispose(): void {
    this.source.cancelUnseen(() => false)
    unByKey(this.keys)
    this.map.setTarget(undefined)
    this.map.dispose()
  }

  private listen(): void {
    const moved = (): void => {
      this.listener.onDrawing('loading')
      this.listener.onViewed(this.viewed())
    }
    this.keys = [
      this.map.getView().on(['change:center', 'change:resolution', 'change:rotation'], moved),
      this.map.on('change:size', moved),
      this.map.on('loadstart', () => {
        this.listener.onDrawing('loading')
      }),
      this.map.on('rendercomplete', () => {
        this.listener.onDrawing('ready')
      }),
      this.map.on('moveend', () => {
        this.settle()
      }),
    ].flat()
  }

  private settle(): void {
    if (!this.map.getView().getCenter()) return
    const { centre, downsample, rotation } = this.viewed()
    const degrees = oneTurn((rotation * 180) / Math.PI)
    this.listener.onSettled({ centre, scale: downsample * this.mpp, degrees })
    this.cancelUnseen()
  }

  private cancelUnseen(): void {
    const extent = this.map.getView().calculateExtent(this.map.getSize())
    const grid = this.source.getTileGrid()
    const wanted = grid?.getZForResolution(this.viewed().downsample, this.source.zDirection)
    this.source.cancelUnseen((z, x, y) => {
      const near = z === wanted || z + 1 === wanted
      return near && (grid?.getTileRangeForExtentAndZ(extent, z).containsXY(x, y) ?? false)
    })
  }

  /** Where the view is, or will be when it has moved: a second key adds to the first. */
  private bound(): Viewed {
    return (this.map.getView().getAnimating() ? this.heading : null) ?? this.viewed()
  }

  private viewed(): Viewed {
    const view = this.map.getView()
    const [x = 0, y = 0] = view.getCenter() ?? []
    return {
      centre: { x, y: -y },
      downsample: view.getResolution() ?? 1,
      rotation: view.getRotation(),
      screen: this.screen(),
    }
  }

  private screen(): Size {
    return { width: this.element.clientWidth, height: this.element.clientHeight }
  }

  private zoomToPreset(pointer: Point): void {
    const { centre, downsample } = this.bound()
    const next = this.nextDownsample(downsample)
    const kept = next / downsample
    const towards = (from: number, to: number): number => to + (from - to) * kept
    this.go({
      centre: { x: towards(centre.x, pointer.x), y: towards(centre.y, pointer.y) },
      downsample: next,
    })
  }
}

const stillness = matchMedia('(prefers-reduced-motion: reduce)')

function cachedTiles(pyramid: Pyramid): number {
  const largest = Math.max(...pyramid.levels.map(({ image }) => image.tileColumns * image.tileRows))
  return Math.min(1024, Math.max(48, Math.floor(CACHE_BYTES / (4 * largest))))
}

/** Between two levels the finer is drawn smaller; a plain bilinear filter would make it sparkle. */
function smooth({ context }: RenderEvent): void {
  if (context instanceof CanvasRenderingContext2D) context.imageSmoothingQuality = 'medium'
}
