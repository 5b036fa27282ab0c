// SPDX-License-Identifier: Apache-2.0
/**
 * The map of one slide: layer, view and gestures. It writes where the view is into the store and
 * says on its element, by `data-state`, whether every tile of the view is drawn.
 */

import { unByKey } from 'ol/Observable'
import type View from 'ol/View'

import { oneTurn, type Place } from '../address'
import type { SlideKey } from '../api'
import { homeDownsample, scaledAbout, type Point, type Size, type Viewed } from '../dicom/geometry'
import type { Pyramid } from '../dicom/pyramid'
import { Course } from './course'
import { gestures, stillness } from './gestures'
import type { Extent } from './grid'
import { MirrorMap } from './mirror'
import { Prefetcher, tilesAhead } from './prefetch'
import { SlideSource, type TileListener } from './source'
import { tileLayer } from './tileLayer'
import { slideView, type Target } from './view'

/** Room around the slide at home, in screen pixels: the floating groups lie there. */
const HOME_MARGIN_PX = 72
const MOVE_MS = 140

/** What the map tells of itself. */
export interface Listener extends TileListener {
  readonly onViewed: (viewed: Viewed) => void
  readonly onSettled: (place: Place) => void
  readonly onDrawing: (state: 'loading' | 'ready') => void
}

export class SlideMap {
  readonly map: MirrorMap
  private readonly source: SlideSource
  /** The reader's view: the map may show another for a while (`MirrorMap.lend`). */
  private readonly view: View
  private readonly mpp: number
  private readonly prefetcher: Prefetcher
  private readonly course = new Course()
  private underlay: ImageBitmap | null = null
  private keys: Parameters<typeof unByKey>[0] = []
  /** Where the last move leads. */
  private heading: Viewed | null = null

  constructor(
    private readonly element: HTMLElement,
    key: SlideKey,
    private readonly pyramid: Pyramid,
    private readonly listener: Listener,
    view = slideView(pyramid),
  ) {
    this.view = view
    this.mpp = pyramid.mpp ?? 1
    this.source = new SlideSource(key, pyramid, listener)
    this.prefetcher = new Prefetcher((tile, signal) => this.source.fetchAhead(tile, signal))
    this.map = new MirrorMap({
      target: element,
      layers: [tileLayer(this.source, pyramid, () => this.underlay)],
      view: this.view,
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
    this.heading = { ...this.bound(), ...target }
    const { centre, downsample, rotation } = this.heading
    this.view.cancelAnimations()
    this.view.animate({
      center: [centre.x, -centre.y],
      resolution: this.view.getConstrainedResolution(downsample) ?? downsample,
      rotation,
      duration: animated && !stillness.matches ? MOVE_MS : 0,
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
    if (!this.view.getCenter()) return
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
    return this.source.gapAt(coordinate, this.view.getResolution() ?? 1)
  }

  /** Take the map off the page and cancel what is under way. */
  dispose(): void {
    this.prefetcher.stop()
    this.source.stop()
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
      this.view.on(['change:center', 'change:resolution', 'change:rotation'], moved),
      this.map.on('change:size', moved),
      this.map.on('loadstart', () => {
        this.listener.onDrawing('loading')
      }),
      this.map.on('rendercomplete', () => {
        this.listener.onDrawing('ready')
        this.source.rest()
        this.prefetcher.rest(() => this.tilesAhead())
      }),
      this.map.on('moveend', () => {
        this.settle()
      }),
    ].flat()
  }

  private settle(): void {
    if (!this.view.getCenter()) return
    const viewed = this.viewed()
    const { centre, downsample, rotation, mirrored = false } = viewed
    this.course.rest(viewed)
    const degrees = oneTurn((this.sense * rotation * 180) / Math.PI)
    this.listener.onSettled({ centre, scale: downsample * this.mpp, degrees, mirrored })
    this.cancelUnseen()
  }

  /** Whether somebody drags it, or it is on its way. */
  get isMoving(): boolean {
    return this.view.getAnimating() || this.view.getInteracting()
  }

  /** Which way a turn goes: in a mirror, the other. */
  private get sense(): 1 | -1 {
    return this.map.mirrored ? -1 : 1
  }

  private tilesAhead(): ReturnType<typeof tilesAhead> {
    const { grid, wanted, extent } = this.tilesInView()
    return grid && wanted !== undefined ? tilesAhead(grid, wanted, extent, this.course.way) : []
  }

  private tilesInView() {
    const extent = this.view.calculateExtent(this.map.getSize()) as Extent
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
    return (this.view.getAnimating() ? this.heading : null) ?? this.viewed()
  }

  private viewed(): Viewed {
    const [x = 0, y = 0] = this.view.getCenter() ?? []
    return {
      centre: { x, y: -y },
      downsample: this.view.getResolution() ?? 1,
      rotation: this.view.getRotation(),
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
    this.go({ centre: scaledAbout(pointer, centre, next / downsample), downsample: next })
  }
}
