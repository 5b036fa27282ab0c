// SPDX-License-Identifier: Apache-2.0
/** Bulk annotations as a layer; each group's numbers are fetched when it is first to be seen. */

import { signal } from '@preact/signals'

import { binary } from '../api'
import type { DataSet } from '../dicom/json'
import type { Slide } from '../dicom/slide'
import type { Style } from '../vector/paint'
import { Caller } from '../vector/rpc'
import { paintedLayer } from '../vector/tileLayer'
import { msg } from '../words'
import { said } from '../words/said'
import { after, between, IDENTITY, inverse, toSlide, type Affine } from './affine'
import { referencedInstances, type Found } from './find'
import { NOT_PLACED, titleOf } from './frameLayers'
import { groupsOf, inMillimetres, type AnnotationGroup } from './groups'
import type { Layer } from './layer'
import type { Work } from './work'

const Z_INDEX = 20
const FILL = 0.14

export function annotationLayer({ dataSets }: Found, slide: Slide): Layer {
  const [dataSet = {}] = dataSets
  const groups = groupsOf(dataSet)
  const toBase = placeOf(dataSet, slide)
  const caller = new Caller<Work>(
    new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }),
  )
  const problem = signal(toBase ? '' : NOT_PLACED)
  const seen = signal<ReadonlySet<number>>(new Set())
  const painted = paintedLayer(
    slide.pyramid,
    (rect, call) => caller.call('paint', { rect, style: style() }, { signal: call }),
    Z_INDEX,
  )
  const loader = toBase && new Loader(caller, groups, toBase)
  const unfollow = seen.subscribe((ids) => {
    void loader?.show(ids).then((told) => {
      problem.value = told
      painted.getSource()?.repaint()
    })
  })
  return {
    title: titleOf(dataSet),
    kind: msg('annotations of the study'),
    painted,
    entries: groups.map(({ label, colour, count }, id) => ({ id, label, colour, count })),
    scale: null,
    seen,
    opacity: signal(1),
    problem,
    end: () => {
      unfollow()
      caller.end()
    },
  }
}

function style(): Style {
  return { line: 1.6 * devicePixelRatio, point: 4 * devicePixelRatio, fill: FILL }
}

/** Hands groups to the worker, each once. */
class Loader {
  private readonly loaded = new Map<number, Promise<void>>()

  constructor(
    private readonly caller: Caller<Work>,
    private readonly groups: readonly AnnotationGroup[],
    private readonly toBase: Affine,
  ) {}

  /** Let groups be seen; tells what went wrong. */
  async show(ids: ReadonlySet<number>): Promise<string> {
    let problem = ''
    for (const id of ids) {
      try {
        await this.load(id)
      } catch (error) {
        this.loaded.delete(id)
        problem = error instanceof Error ? error.message : String(error)
      }
    }
    await this.caller.call('show', [...ids])
    return problem
  }

  private load(id: number): Promise<void> {
    const group = this.groups[id]
    const known = this.loaded.get(id)
    if (known || !group) return known ?? Promise.resolve()
    const loading = load(this.caller, id, group, this.toBase)
    this.loaded.set(id, loading)
    return loading
  }
}

async function load(
  caller: Caller<Work>,
  id: number,
  group: AnnotationGroup,
  toBase: Affine,
): Promise<void> {
  const { type, dimensions, label, colour, double } = group
  const coordinates = await binary(group.coordinates)
  const starts = group.starts && (await binary(group.starts))
  if (!coordinates) throw new Error(said('the server does not tell where the coordinates are'))
  const layout = { type, dimensions, label, colour }
  await caller.call('add', { id, layout, coordinates, double, starts, toBase })
}

/** From the annotations' positions to pixels of level 0. */
function placeOf(dataSet: DataSet, slide: Slide): Affine | null {
  const base = slide.pyramid.levels[0].image
  if (inMillimetres(dataSet)) {
    const there = toSlide(base.dataSet)
    return there && inverse(there)
  }
  const named = referencedInstances(dataSet)
  const level = slide.pyramid.levels.find(({ image }) =>
    image.parts.some(({ sopInstanceUid }) => named.includes(sopInstanceUid)),
  )
  if (!level || level.image === base) return IDENTITY
  const { downsample, downsampleDown } = level
  const aspect = slide.pyramid.size.height / base.rows
  const bySize = { ...IDENTITY, a: downsample, d: downsampleDown / aspect }
  return between(level.image.dataSet, base.dataSet) ?? after(bySize, IDENTITY)
}
