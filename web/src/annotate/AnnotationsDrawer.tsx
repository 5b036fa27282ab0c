// SPDX-License-Identifier: Apache-2.0
/** The drawer of annotations: tools, what is selected, the list, and files. */

import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'

import type { Slide } from '../dicom/slide'
import { Drawer } from '../ui/Drawer'
import { grouped, slideName } from '../ui/format'
import { PALETTE } from '../vector/palette'
import { t } from '../words'
import { ActionButton, SignButton } from './ActionButton'
import { merge, say, subtract, zoomTo } from './actions'
import { AnnotationList } from './AnnotationList'
import { DUPLICATE, listen, REDO, REMOVE, TOOLS, UNDO } from './keys'
import { dropped, Files } from './Files'
import { pen, selected, selectedIds, tool } from './store'

export function AnnotationsDrawer({ slide }: { readonly slide: Slide }): JSX.Element {
  useEffect(listen, [])
  useEffect(
    () => () => {
      tool.value = null
    },
    [],
  )
  return (
    <Drawer title={t('annotations')}>
      <div
        class="annotations"
        onDragOver={(event) => {
          event.preventDefault()
        }}
        onDrop={dropped}
      >
        <div class="action-row" role="toolbar" aria-label={t('drawing tools')}>
          {TOOLS.map((action) => (
            <ActionButton key={action.label} action={action} />
          ))}
          <span class="gap" />
          <ActionButton action={UNDO} />
          <ActionButton action={REDO} />
        </div>
        <p class="quiet hint">{hintText()}</p>
        <Pen />
        {selected.value.length > 0 && <Selection />}
        <AnnotationList />
        <Files name={slideName(slide.identity)} />
      </div>
    </Drawer>
  )
}

function hintText(): string {
  const chosen = tool.value
  if (chosen === 'edit') return t('drag a shape or its corners; alt click takes a corner away')
  if (chosen === 'polygon' || chosen === 'line' || chosen === 'cut')
    return t('click corners, double click ends; esc leaves the tool')
  if (chosen === 'point') return t('click where the point is; esc leaves the tool')
  if (chosen !== null) return t('drag on the slide; esc leaves the tool')
  return t('click an annotation to select it, shift click to select more')
}

/** Name, note and colour of what is selected, or of what is drawn next. */
function Pen(): JSX.Element {
  const [first] = selected.value
  const words = first ?? pen.value
  return (
    <fieldset class="pen">
      <legend>{first ? t('selected') : t('drawn next')}</legend>
      <label>
        <span>{t('name')}</span>
        <input
          value={words.label}
          onChange={(event) => void say({ label: event.currentTarget.value.trim() })}
        />
      </label>
      <label>
        <span>{t('note')}</span>
        <textarea
          rows={first ? 2 : 1}
          value={words.note}
          onChange={(event) => void say({ note: event.currentTarget.value.trim() })}
        />
      </label>
      <div class="swatches" role="radiogroup" aria-label={t('colour')}>
        {PALETTE.map(({ name, colour }) => (
          <label key={name} class="swatch" title={t(name)}>
            <input
              type="radio"
              name="annotation-colour"
              aria-label={t(name)}
              checked={words.colour === colour}
              onChange={() => void say({ colour })}
            />
            <svg viewBox="0 0 20 20" aria-hidden="true">
              <circle cx="10" cy="10" r="8" fill={colour} />
            </svg>
          </label>
        ))}
      </div>
    </fieldset>
  )
}

function Selection(): JSX.Element {
  const polygons = selected.value.filter(({ shape }) => shape.kind === 'polygon').length
  return (
    <div class="action-row" role="toolbar" aria-label={t('on what is selected')}>
      <SignButton sign="find" label={t('zoom to it')} run={() => void zoomTo(selectedIds.value)} />
      <ActionButton action={DUPLICATE} />
      <ActionButton action={REMOVE} />
      <span class="gap" />
      <SignButton
        sign="cut"
        label={t('cut a hole')}
        disabled={polygons === 0}
        pressed={tool.value === 'cut'}
        run={() => {
          tool.value = tool.value === 'cut' ? null : 'cut'
        }}
      />
      <SignButton
        sign="merge"
        label={t('merge')}
        disabled={polygons < 2}
        run={() => void merge()}
      />
      <SignButton
        sign="subtract"
        label={t('subtract the others from the first')}
        disabled={polygons < 2}
        run={() => void subtract()}
      />
      <span class="quiet count">{grouped(selected.value.length)}</span>
    </div>
  )
}
