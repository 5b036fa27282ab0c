// SPDX-License-Identifier: Apache-2.0
/** The drawer of measures: their tools, and the list of what was measured. */

import type { ComponentChildren, JSX } from 'preact'
import { useRef, useState } from 'preact/hooks'

import type { Slide } from '../dicom/slide'
import { done } from '../history'
import { currentMap } from '../map/current'
import { Drawer } from '../ui/Drawer'
import { t } from '../words'
import { anchor, KINDS, type Kind, type Shape } from './geometry'
import { removed } from './history'
import { choose, redo, undo } from './keys'
import { history, selected, setHistory, tool } from './store'
import { TOOL_KEYS } from './toolKeys'
import { asCsv, asText, kindName, moreWords, valueWords } from './words'

interface Properties {
  readonly slide: Slide
}

export function MeasureDrawer({ slide }: Properties): JSX.Element {
  const { present: shapes, past, future } = history.value
  const { mpp } = slide.pyramid
  return (
    <Drawer title={t('measures')}>
      <div class="measure-tools" role="group" aria-label={t('tools')}>
        {KINDS.map((kind) => (
          <ToolButton key={kind} kind={kind} />
        ))}
      </div>
      <p class="quiet measure-hint" role="status">
        {hint()}
      </p>
      {mpp === null && <p class="uncalibrated">{t('in pixels: the slide is not calibrated')}</p>}
      <List shapes={shapes} mpp={mpp} />
      <div class="measure-actions">
        <Action enabled={past.length > 0} act={undo}>
          {t('undo')}
        </Action>
        <Action enabled={future.length > 0} act={redo}>
          {t('redo')}
        </Action>
        <Action
          enabled={shapes.length > 0}
          act={() => {
            setHistory(done(history.value, []))
          }}
        >
          {t('delete all')}
        </Action>
      </div>
      {shapes.length > 0 && <Copying shapes={shapes} slide={slide} />}
    </Drawer>
  )
}

function ToolButton({ kind }: { readonly kind: Kind }): JSX.Element {
  const key = TOOL_KEYS[kind]
  return (
    <button
      type="button"
      class="tool preset"
      aria-keyshortcuts={key}
      aria-pressed={tool.value === kind}
      data-tip={`${kindName(kind)} (${key})`}
      onClick={() => {
        choose(kind)
      }}
    >
      {kindName(kind)}
    </button>
  )
}

/** What to do next, in few words. */
function hint(): string {
  switch (tool.value) {
    case null:
      return t('click a measure to change it: drag its points, delete takes it away')
    case 'polyline':
    case 'area':
      return t('click each point; double click or enter ends, backspace takes back')
    case 'ellipse':
      return t('click both ends of one axis, then the width')
    case 'circle':
      return t('click the middle, then the rim')
    case 'angle':
      return t('click one side, the corner, the other side')
    case 'count':
      return t('click each; enter ends')
    case 'length':
      return t('click both ends; space sets a point in the middle of the screen')
  }
}

interface ListProperties {
  readonly shapes: readonly Shape[]
  readonly mpp: number | null
}

function List({ shapes, mpp }: ListProperties): JSX.Element {
  return (
    <ol class="measure-list" aria-label={t('measures')}>
      {shapes.map((shape, index) => (
        <li key={shape.id} data-selected={shape.id === selected.value}>
          <button
            type="button"
            class="measure-item"
            aria-pressed={shape.id === selected.value}
            onClick={() => {
              selected.value = shape.id
              currentMap.value?.go({ centre: anchor(shape) })
            }}
          >
            <span class="quiet">
              {index + 1} {kindName(shape.kind)}
            </span>
            <strong>{valueWords(shape, mpp)}</strong>
            <span class="quiet measure-more">{moreWords(shape, mpp)}</span>
          </button>
          <button
            type="button"
            class="tool"
            aria-label={t('delete measure {number}', { number: index + 1 })}
            onClick={() => {
              setHistory(removed(history.value, shape.id))
            }}
          >
            ×
          </button>
        </li>
      ))}
    </ol>
  )
}

interface ActionProperties {
  readonly enabled: boolean
  readonly act: () => void
  readonly children: ComponentChildren
}

function Action({ enabled, act, children }: ActionProperties): JSX.Element {
  return (
    <button type="button" class="button" disabled={!enabled} onClick={act}>
      {children}
    </button>
  )
}

interface CopyingProperties {
  readonly shapes: readonly Shape[]
  readonly slide: Slide
}

/** To the clipboard, or, where the browser forbids that, selected for the reader to copy. */
function Copying({ shapes, slide: { pyramid } }: CopyingProperties): JSX.Element {
  const [told, setTold] = useState('')
  const [byHand, setByHand] = useState('')
  const area = useRef<HTMLTextAreaElement>(null)
  const copy = async (words: string): Promise<void> => {
    try {
      await navigator.clipboard.writeText(words)
      setTold(t('copied'))
      setByHand('')
    } catch {
      setTold(t('the browser does not let this page copy; press ctrl c'))
      setByHand(words)
      area.current?.select()
    }
  }
  const aspect = pyramid.levels[0].downsampleDown
  return (
    <div class="measure-actions">
      <Action enabled act={() => void copy(asText(shapes, pyramid.mpp))}>
        {t('copy as text')}
      </Action>
      <Action enabled act={() => void copy(asCsv(shapes, pyramid.mpp, aspect))}>
        {t('copy as CSV')}
      </Action>
      <span role="status" class="quiet">
        {told}
      </span>
      {byHand && (
        <textarea ref={area} class="field" aria-label={t('measures')} readOnly value={byHand} />
      )}
    </div>
  )
}
