// SPDX-License-Identifier: Apache-2.0
/**
 * The map of one slide: layer, view and gestures. It writes where the view is into the store and
 * says on its element, by `data-state`, whether every tile of the view is drawn.
 */

import { unByKey } from 'ol/Observable'

import { oneTurn, type Place } from '../address'
import type { SlideKey } from '../api'
import { homeDownsample, type Point, type Size, type Viewed } from '../dicom/geometry'
import type { Pyramid } from '../dicom/pyramid'
import { gestures, stillness } from './gestures'
import type { Extent } from './grid'
import { MirrorMap } from './mirror'
import { Prefetcher, tilesAhead } from './prefetch'
import { SlideSource, type TileListener } from './source'
import { tileLayer } from './tileLayer'
import { slideView } from './view'

/** Room around the slide at home, in screen pixels: the floating groups lie there. */
const HOME_MARGIN_PX = 72
const MOVE_MS = 140

/** What the map tells of itself. */
export interface Listener extends TileListener {
  readonly onViewed: (viewed: Viewed) => void
  readonly onSettled: (place: Place) => void
  readonly onDrawing: (state: 'loading' | 'ready') => void
}

/** Something to go to; what is left out stays as it is. */
export interface Target {
  readonly centre?: Point
  readonly downsample?: number
  /** Clockwise, as the slide is turned before it is mirrored. */
  readonly rotation?: number
}

export class SlideMap {
  readonly map: MirrorMap
  private readonly source: SlideSource
  private readonly mpp: number
  private readonly prefetcher: Prefetcher
  private underlay: ImageBitmap | null = null
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
    this.source = new SlideSource(key, pyramid, listener)
    this.prefetcher = new Prefetcher((tile, signal) => this.source.fetchAhead(tile, signal))
    this.map = new MirrorMap({
      target: element,
      layers: [tileLayer(this.source, pyramid, () => this.underlay)],
      view: slideView(pyramid),
      controls: [],
      interactions: gestures({
        onDoubleClick: (centre) => {
          this.zoomToPreset(centre)
        },
        onClick: (centre) => {
          this.go({ centre })
        },
      }),
      maxTilesLoading: 12,
    })
    this.listen()
  }

  /** The preset that a double click goes to, given the present downsample; set by the page. */
  nextDownsample: (downsample: number) => number = (downsample) => downsample / 2

  /** Put the whole slide in one small picture below the tiles. */
  lay(underlay: ImageBitmap | null): void {
    this.underlay = underlay
    this.map.render()
  }

  /** Show all of the slide as it lies: upright, not mirrored. */
  home(animated = true): void {
    this.mirror(false)
    const { width, height } = this.pyramid.size
    const downsample = homeDownsample(this.pyramid.size, this.screen(), HOME_MARGIN_PX)
    this.go({ centre: { x: width / 2, y: height / 2 }, downsample, rotation: 0 }, animated)
  }

  /** Show what an address asks for, exactly. */
  show({ centre, scale, degrees, mirrored = false }: Place): void {
    this.mirror(mirrored)
    const rotation = (this.sense * degrees * Math.PI) / 180
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

  /** Turn the picture clockwise, as the reader sees it. */
  rotate(degrees: number): void {
    this.go({ rotation: this.bound().rotation + (this.sense * degrees * Math.PI) / 180 })
  }

  /** Flip what is on the screen left to right, or put that right again. */
  mirror(mirrored = !this.map.mirrored): void {
    if (mirrored === this.map.mirrored) return
    this.map.mirrored = mirrored
    if (!this.map.getView().getCenter()) return
    this.listener.onViewed(this.viewed())
    this.settle()
  }

  /** Move the view by parts of the screen: `right` and `down` as the reader sees them. */
  pan(right: number, down: number): void {
    const { centre, downsample, rotation, screen } = this.bound()
    const dx = this.sense * right * screen.width * downsample
    const dy = down * screen.height * downsample
    const [cos, sin] = [Math.cos(rotation), Math.sin(rotation)]
    this.go({ centre: { x: centre.x + dx * cos + dy * sin, y: centre.y - dx * sin + dy * cos } })
  }

  /** Ask again for every tile. */
  retry(): void {
    this.source.again()
  }

  /** Why the tile at a place of the map is hatched; `null` where it is not. */
  gapAt(coordinate: readonly number[]): string | null {
    return this.source.gapAt(coordinate, this.map.getView().getResolution() ?? 1)
  }

  /** Take the map off the page and cancel what is under way. */
  dispose(): void {
    this.prefetcher.stop()
    this.source.cancelUnseen(() => false)
    unByKey(this.keys)
    this.map.setTarget(undefined)
    this.map.dispose()
  }

  private listen(): void {
    const moved = (): void => {
      this.prefetcher.stop()
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
        this.prefetcher.rest(() => this.tilesAhead())
      }),
      this.map.on('moveend', () => {
        this.settle()
      }),
    ].flat()
  }

  private settle(): void {
    if (!this.map.getView().getCenter()) return
    const { centre, downsample, rotation } = this.viewed()
    const degrees = oneTurn((this.sense * rotation * 180) / Math.PI)
    const { mirrored } = this.map
    this.listener.onSettled({ centre, scale: downsample * this.mpp, degrees, mirrored })
    this.cancelUnseen()
  }

  /** Which way a turn goes: in a mirror, the other. */
  private get sense(): 1 | -1 {
    return this.map.mirrored ? -1 : 1
  }

  private tilesAhead(): ReturnType<typeof tilesAhead> {
    const { grid, wanted, extent } = this.tilesInView()
    return grid && wanted !== undefined ? tilesAhead(grid, wanted, extent) : []
  }

  private tilesInView() {
    const extent = this.map.getView().calculateExtent(this.map.getSize()) as Extent
    const grid = this.source.getTileGrid()
    const wanted = grid?.getZForResolution(this.viewed().downsample, this.source.zDirection)
    return { extent, grid, wanted }
  }

  private cancelUnseen(): void {
    const { extent, grid, wanted } = this.tilesInView()
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
      mirrored: this.map.mirrored,
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
