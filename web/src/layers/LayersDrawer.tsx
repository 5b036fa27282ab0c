// SPDX-License-Identifier: Apache-2.0
/** The drawer of layers: what the study has to lay over the slide, with its legend. */

import type { JSX } from 'preact'

import { Drawer } from '../ui/Drawer'
import { grouped, significant } from '../ui/format'
import { retold, t } from '../words'
import type { Entry, Layer, Scale } from './layer'
import { layers } from './store'

export function LayersDrawer(): JSX.Element {
  return (
    <Drawer title={t('layers')}>
      <Layers />
    </Drawer>
  )
}

function Layers(): JSX.Element {
  const found = layers.value
  if (found.state === 'loading') return <p class="quiet">{t('looking for layers …')}</p>
  if (found.state === 'failed') return <p role="alert">{found.message}</p>
  if (found.value.length === 0)
    return (
      <p class="quiet">
        {t('the study has no segmentation, parametric map or bulk annotation of this slide')}
      </p>
    )
  return (
    <>
      {found.value.map((layer, index) => (
        <LayerPart key={index} layer={layer} />
      ))}
    </>
  )
}

function LayerPart({ layer }: { readonly layer: Layer }): JSX.Element {
  const { title, kind, entries, scale, opacity, problem, seen } = layer
  const all = entries.length > 0 ? entries.map(({ id }) => id) : [0]
  const on = seen.value.size > 0
  return (
    <section class="layer" aria-label={title}>
      <label class="layer-title">
        <input
          type="checkbox"
          checked={on}
          onChange={() => {
            seen.value = new Set(on ? [] : all)
          }}
        />
        <strong>{title}</strong>
        <span class="quiet">{t(kind)}</span>
      </label>
      {problem.value !== '' && (
        <p class="layer-problem" role="status">
          {retold(problem.value)}
        </p>
      )}
      <label class="layer-opacity">
        <span class="quiet">{t('opacity')}</span>
        <input
          type="range"
          min={0}
          max={1}
          step={0.05}
          value={opacity.value}
          disabled={!on}
          aria-label={t('opacity of {layer}', { layer: title })}
          onInput={(event) => {
            opacity.value = event.currentTarget.valueAsNumber
          }}
        />
      </label>
      {scale && <ScaleLegend scale={scale.value} />}
      {entries.length > 0 && <Legend layer={layer} />}
    </section>
  )
}

function Legend({ layer: { entries, seen } }: { readonly layer: Layer }): JSX.Element {
  return (
    <ul class="legend">
      {entries.map((entry) => (
        <li key={entry.id}>
          <label>
            <input
              type="checkbox"
              checked={seen.value.has(entry.id)}
              onChange={() => {
                seen.value = toggled(seen.value, entry.id)
              }}
            />
            <svg viewBox="0 0 20 20" width="16" height="16" aria-hidden="true">
              <rect x="2" y="2" width="16" height="16" rx="4" fill={entry.colour} />
            </svg>
            <span>{nameOf(entry)}</span>
            {entry.count !== undefined && <span class="quiet">{grouped(entry.count)}</span>}
          </label>
        </li>
      ))}
    </ul>
  )
}

function nameOf({ label, id }: Entry): string {
  return label || `#${id}`
}

function toggled(set: ReadonlySet<number>, id: number): ReadonlySet<number> {
  const next = new Set(set)
  if (!next.delete(id)) next.add(id)
  return next
}

function ScaleLegend({
  scale: { name, unit, range, measured },
}: {
  readonly scale: Scale
}): JSX.Element {
  return (
    <div class="value-scale">
      <span>{[name, unit && `(${unit})`].filter(Boolean).join(' ')}</span>
      <div class="colour-bar" />
      {range && (
        <span class="ends">
          <span>{significant(range[0], 4)}</span>
          <span>{significant(range[1], 4)}</span>
        </span>
      )}
      {measured && <span class="quiet">{t('from the least to the largest value first seen')}</span>}
    </div>
  )
}
