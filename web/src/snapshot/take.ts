// SPDX-License-Identifier: Apache-2.0
/**
 * Pictures of the slide by the layers of its map: whatever the map shows, with all that is done to
 * its colours. A picture larger than the screen is drawn in blocks, each when its last tile is
 * there; the reader's own view stays where it is, and is seen all the while.
 */

import View from 'ol/View'

import type { Point, Size, Viewed } from '../dicom/geometry'
import { slideLayer } from '../map/slideLayer'
import type { MirrorMap } from '../map/mirror'
import { SlideSource } from '../map/source'
import { t } from '../words'
import { blocksOf } from './blocks'
import { drawLayers } from './layers'

/** A picture of a part of the slide. */
export interface Taken {
  readonly canvas: HTMLCanvasElement
  /** What it shows; `screen` is its size in pixels. */
  readonly viewed: Viewed
  /** Why tiles are hatched, by the tile's name. */
  readonly gaps: ReadonlyMap<string, string>
}

export interface Orders {
  readonly signal: AbortSignal
  /** Blocks done, of all. */
  readonly onBlock: (done: number, all: number) => void
}

/** What the reader sees meanwhile. */
const COVER = 'snapshot-cover'

/** Take pictures one after another; what is asked of each is told by `Viewed`. */
export async function take(
  map: MirrorMap,
  wanted: readonly Viewed[],
  orders: Orders,
): Promise<Taken[]> {
  orders.signal.throwIfAborted()
  const glass = new Glass(map, orders.signal)
  try {
    const most = glass.blockSize
    const all = wanted.reduce((sum, each) => sum + blocksOf(each, most).length, 0)
    let done = 0
    const taken: Taken[] = []
    for (const viewed of wanted) {
      taken.push(
        await picture(glass, viewed, () => {
          orders.onBlock(++done, all)
        }),
      )
    }
    return taken
  } finally {
    await glass.giveBack()
  }
}

async function picture(glass: Glass, viewed: Viewed, onBlock: () => void): Promise<Taken> {
  const { width, height } = viewed.screen
  const canvas = Object.assign(document.createElement('canvas'), { width, height })
  const context = canvas.getContext('2d')
  if (!context) throw new Error(t('the browser cannot draw a picture of this size'))
  context.fillStyle = '#fff'
  context.fillRect(0, 0, width, height)
  const gaps = new Map<string, string>()
  for (const block of blocksOf(viewed, glass.blockSize)) {
    await glass.show(viewed, block.centre)
    context.save()
    context.beginPath()
    context.rect(block.left, block.top, block.width, block.height)
    context.clip()
    context.translate(block.left, block.top)
    glass.draw(context, viewed.mirrored ?? false)
    context.restore()
    for (const [name, reason] of glass.gaps()) gaps.set(name, reason)
    onBlock()
  }
  return { canvas, viewed, gaps }
}

/** The map, looked through by somebody else. */
class Glass {
  private readonly view: View
  private readonly cover: HTMLCanvasElement
  private readonly takeBack: () => void
  private readonly ratio = devicePixelRatio
  private readonly screen: Size
  private drawn: () => void = () => undefined

  constructor(
    private readonly map: MirrorMap,
    private readonly signal: AbortSignal,
  ) {
    const [width = 0, height = 0] = map.getSize() ?? []
    this.screen = { width, height }
    this.cover = this.coverUp()
    const own = map.getView()
    this.view = new View({
      projection: own.getProjection(),
      center: own.getCenter(),
      resolution: own.getResolution(),
      rotation: own.getRotation(),
      minResolution: 1e-6,
      maxResolution: 1e9,
      constrainRotation: false,
      smoothResolutionConstraint: false,
    })
    this.takeBack = map.lend(this.view, () => {
      this.drawn()
    })
  }

  /** The pixels of a screen, whole ones. */
  get blockSize(): Size {
    const { width, height } = this.screen
    return { width: Math.floor(width * this.ratio), height: Math.floor(height * this.ratio) }
  }

  /** Show what a picture has at a block, and wait until every tile of it is drawn. */
  async show(picture: Viewed, centre: Point): Promise<void> {
    const isOfThisSize = String(this.map.getSize()) === `${this.screen.width},${this.screen.height}`
    if (!isOfThisSize) throw new Error(t('the window has another size now'))
    // A pixel of the screen need not be whole pixels of the picture.
    const { width, height } = this.blockSize
    const off = {
      right: (width / this.ratio - this.screen.width) / 2,
      down: (height / this.ratio - this.screen.height) / 2,
    }
    const resolution = picture.downsample * this.ratio
    const sense = picture.mirrored ? -1 : 1
    const [dx, dy] = [-sense * off.right * resolution, -off.down * resolution]
    const [cos, sin] = [Math.cos(picture.rotation), Math.sin(picture.rotation)]
    this.map.mirrored = picture.mirrored ?? false
    this.view.setRotation(picture.rotation)
    this.view.setResolution(resolution)
    this.view.setCenter([centre.x + dx * cos + dy * sin, -(centre.y - dx * sin + dy * cos)])
    await this.whenDrawn()
  }

  /** Draw what is shown into a canvas, from its origin on. */
  draw(context: CanvasRenderingContext2D, mirrored: boolean): void {
    context.scale(this.ratio, this.ratio)
    const viewport = this.map.getViewport()
    if (viewport) drawLayers(context, viewport, this.screen, mirrored)
  }

  /** Hatched tiles of what is shown. */
  gaps(): (readonly [string, string])[] {
    const source = slideLayer(this.map)?.getSource()
    if (!(source instanceof SlideSource)) return []
    const resolution = this.view.getResolution() ?? 1
    const extent = this.view.calculateExtent([this.screen.width, this.screen.height])
    return source.gapsIn(extent as [number, number, number, number], resolution)
  }

  async giveBack(): Promise<void> {
    this.takeBack()
    if (this.map.getTargetElement() && !this.signal.aborted) await nextDrawing(this.map)
    this.cover.remove()
  }

  private whenDrawn(): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        reject(this.signal.reason as Error)
      }
      if (this.signal.aborted) stop()
      this.signal.addEventListener('abort', stop, { once: true })
      this.drawn = () => {
        this.drawn = () => undefined
        this.signal.removeEventListener('abort', stop)
        resolve()
      }
      this.map.render()
    })
  }

  /** What the reader sees stays in the place of what is drawn below. */
  private coverUp(): HTMLCanvasElement {
    const { width, height } = this.screen
    const cover = document.createElement('canvas')
    cover.className = COVER
    cover.width = Math.round(width * this.ratio)
    cover.height = Math.round(height * this.ratio)
    const context = cover.getContext('2d')
    const viewport = this.map.getViewport()
    context?.scale(this.ratio, this.ratio)
    if (context && viewport) drawLayers(context, viewport, this.screen, this.map.mirrored)
    this.map.getTargetElement()?.append(cover)
    return cover
  }
}

function nextDrawing(map: MirrorMap): Promise<void> {
  return new Promise((resolve) => {
    map.once('postrender', () => {
      resolve()
    })
    map.render()
  })
}
