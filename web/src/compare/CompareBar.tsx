// SPDX-License-Identifier: Apache-2.0
/** Above the slides: the way back, and the tools of all of them. */

import type { JSX } from 'preact'

import {
  changeLanguage,
  changeTheme,
  fullScreen,
  help,
  languageLabel,
  rotateLeft,
  rotateRight,
  themeLabel,
  zoomIn,
  zoomOut,
} from '../ui/commands'
import { slideName } from '../ui/format'
import { Icon, type IconName } from '../ui/Icon'
import { Tool } from '../ui/Tool'
import { msg, t } from '../words'
import { setLayout } from './actions'
import { resetAlignment } from './aligning'
import { MOST_PANES } from './beside'
import {
  addTool,
  alignTool,
  homeAll,
  labelsTool,
  leave,
  linkPane,
  mirrorPane,
  redoAlignment,
  undoAlignment,
} from './commands'
import type { Layout } from './link'
import { comparison, shownSlides } from './store'
import { canRedo, canUndo } from './undo'

const LAYOUTS: readonly (readonly [Layout['kind'], string, IconName])[] = [
  ['side', msg('side by side'), 'side'],
  ['over', msg('overlay'), 'over'],
  ['swipe', msg('swipe'), 'swipe'],
]

export function CompareBar(): JSX.Element {
  const { panes, layout, aligning } = comparison.value
  const isAligned = panes.some(({ alignment }) => alignment)
  return (
    <nav class="compare-bar" aria-label={t('tools')}>
      <Tool command={leave} />
      <Patients />
      <div class="bar-group">
        {LAYOUTS.map(([kind, label, icon]) => (
          <button
            key={kind}
            type="button"
            class="tool"
            aria-label={t(label)}
            aria-pressed={layout.kind === kind}
            disabled={aligning}
            data-tip={`${t(label)} (v)`}
            onClick={() => {
              setLayout({ kind })
            }}
          >
            <Icon name={icon} />
          </button>
        ))}
        {layout.kind !== 'side' && <Upper layout={layout} />}
      </div>
      <div class="bar-group">
        {!aligning && <Tool command={linkPane} />}
        <Tool command={alignTool} />
        {canUndo.value && <Tool command={undoAlignment} />}
        {canRedo.value && <Tool command={redoAlignment} />}
        {isAligned && !aligning && (
          <button type="button" class="tool option" onClick={resetAlignment}>
            {t('unalign')}
          </button>
        )}
      </div>
      <div class="bar-group">
        {[zoomIn, zoomOut, homeAll, rotateLeft, rotateRight, mirrorPane].map((command) => (
          <Tool key={command.label} command={command} />
        ))}
      </div>
      <div class="bar-group">
        {panes.length < MOST_PANES && <Tool command={addTool} />}
        <Tool command={labelsTool} />
      </div>
      <div class="bar-group">
        <Tool command={fullScreen} />
        <Tool command={changeTheme} label={themeLabel()} />
        <Tool command={changeLanguage} label={languageLabel()} />
        <Tool command={help} />
      </div>
    </nav>
  )
}

/** Which slide lies over the first, and how much of it is seen. */
function Upper({ layout }: { readonly layout: Layout }): JSX.Element {
  const slides = shownSlides.value
  return (
    <>
      {slides.length > 2 && (
        <select
          class="upper"
          aria-label={t('upper slide')}
          value={String(layout.top)}
          onChange={(event) => {
            setLayout({ top: Number(event.currentTarget.value) })
          }}
        >
          {slides.slice(1).map((slide, at) => (
            <option key={at} value={at + 1}>
              {`${at + 2}: ${slide ? slideName(slide.identity) : '…'}`}
            </option>
          ))}
        </select>
      )}
      {layout.kind === 'over' && (
        <input
          type="range"
          class="opacity"
          aria-label={t('opacity of the upper slide')}
          data-tip={t('opacity')}
          min="0"
          max="1"
          step="0.01"
          value={layout.at}
          onInput={(event) => {
            setLayout({ at: Number(event.currentTarget.value) })
          }}
        />
      )}
    </>
  )
}

/** Slides of several patients are never taken for those of one. */
function Patients(): JSX.Element {
  const slides = shownSlides.value
  const told = slides.map((slide) => [slide?.identity.patientId, slide?.identity.patientName])
  const known = new Set(told.map((one) => one.join(' ').trim()).filter((one) => one !== ''))
  return (
    <p class="compare-title">
      {known.size > 1 ? (
        <strong class="uncalibrated">{t('slides of different patients')}</strong>
      ) : (
        <strong>{t('{count} slides', { count: slides.length })}</strong>
      )}
    </p>
  )
}
