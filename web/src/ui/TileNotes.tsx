// SPDX-License-Identifier: Apache-2.0
/** What is said of tiles: those that could not be drawn, and those that the server draws. */

import type { JSX } from 'preact'

import { retryTiles } from '../map/current'
import { tileHint } from '../map/pointer'
import { failures, growth, serverDrawn } from '../state'
import { t } from '../words'

export function TileNotes(): JSX.Element {
  return (
    <>
      <Growth />
      <ServerDrawn />
      <Failures />
      <Hint />
    </>
  )
}

function Growth(): JSX.Element | null {
  if (!growth.value || failures.value) return null
  const { part } = growth.value
  return (
    <p class="group server-drawn" role="status">
      {t('still being converted: finer levels, measures and annotations follow')}
      {part !== null && (
        <span class="quiet" aria-hidden="true">
          {`\u2002${Math.floor(100 * part)}\u2009%`}
        </span>
      )}
    </p>
  )
}

function ServerDrawn(): JSX.Element | null {
  const stored = serverDrawn.value
  if (stored === null || failures.value || growth.value) return null
  return (
    <p class="group server-drawn fading" role="status">
      {t('drawn by the server: stored as {stored}', { stored })}
    </p>
  )
}

function Failures(): JSX.Element | null {
  const failed = failures.value
  if (!failed) return null
  const { count, reasons, momentary } = failed
  return (
    <div class="group failures" role="alert">
      <p>
        <strong>
          {count === 1
            ? t('one tile could not be drawn')
            : t('{count} tiles could not be drawn', { count })}
        </strong>{' '}
        {count === 1
          ? t('and stays hatched: {reasons}.', { reasons: reasons.join('; ') })
          : t('and stay hatched: {reasons}.', { reasons: reasons.join('; ') })}
      </p>
      {momentary && (
        <button type="button" class="button" onClick={retryTiles}>
          {t('try again')}
        </button>
      )}
    </div>
  )
}

/** At the pointer; readers of the screen are told by the alert. */
function Hint(): JSX.Element | null {
  const hint = tileHint.value
  if (!hint) return null
  return (
    <p
      class="group tile-hint"
      aria-hidden="true"
      style={{ left: `${hint.left}px`, top: `${hint.top}px` }}
    >
      {hint.reason}
    </p>
  )
}
