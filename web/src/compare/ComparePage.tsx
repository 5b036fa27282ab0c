// SPDX-License-Identifier: Apache-2.0
/** Two to four slides that move together: side by side, or one over the other. */

import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

import { onEscape } from '../ui/escape'
import { pageKeys } from '../ui/pageKeys'
import { t } from '../words'
import { endAligning } from './aligning'
import { AlignPanel } from './AlignPanel'
import { AddPanel } from './AddPanel'
import { COMPARE_GESTURES, COMPARE_GROUPS } from './commands'
import { CompareBar } from './CompareBar'
import { Divider, Swipe } from './lines'
import { cellsOf, dividersOf, gridOf, sharesOf } from './layout'
import { followPlace } from './moving'
import { PaneView } from './PaneView'
import { areLoaded, comparison, followAddress, paneNames } from './store'
import { redo, undo } from './undo'

import './compare.css'

export function ComparePage(): JSX.Element {
  useEffect(begin, [])
  const { panes, layout, aligning, split } = comparison.value
  const isTall = useTall()
  const grid = gridOf(panes.length, isTall)
  const shares = {
    columns: sharesOf(split.columns, grid.columns),
    rows: sharesOf(split.rows, grid.rows),
  }
  const isSide = layout.kind === 'side'
  const cells = cellsOf(panes.length, shares)
  return (
    <main class="compare" data-layout={layout.kind} aria-busy={!areLoaded.value}>
      <CompareBar />
      <div class="panes">
        {panes.map((pane, index) => {
          const cell = isSide ? cells[index] : { left: 0, top: 0, width: 1, height: 1 }
          const isShown = isSide || index === 0 || index === layout.top
          const name = paneNames.value[index] ?? ''
          return cell && isShown && <PaneView key={name} {...{ pane, index, name, cell }} />
        })}
        {isSide &&
          dividersOf(shares).map((divider) => (
            <Divider
              key={`${divider.between}-${divider.index}`}
              divider={divider}
              shares={shares[divider.between]}
            />
          ))}
        {layout.kind === 'swipe' && <Swipe at={layout.at} />}
        {aligning && <AlignPanel />}
      </div>
      <AddPanel />
      <h1 class="unseen">{t('compared slides')}</h1>
    </main>
  )
}

function begin(): () => void {
  const leave = followAddress()
  const stop = followPlace()
  pageKeys.value = { groups: COMPARE_GROUPS, gestures: COMPARE_GESTURES }
  addEventListener('keydown', undoByKey)
  return () => {
    removeEventListener('keydown', undoByKey)
    pageKeys.value = null
    stop()
    leave()
  }
}

function undoByKey(event: KeyboardEvent): void {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'z') return
  event.preventDefault()
  if (event.shiftKey) redo()
  else undo()
}

onEscape(() => {
  const was = comparison.value.aligning
  if (was) endAligning()
  return was
})

/** Whether the screen is taller than wide. */
function useTall(): boolean {
  const query = useRef(matchMedia('(orientation: portrait)'))
  const [isTall, setTall] = useState(query.current.matches)
  useEffect(() => {
    const { current } = query
    const changed = (): void => {
      setTall(current.matches)
    }
    current.addEventListener('change', changed)
    return () => {
      current.removeEventListener('change', changed)
    }
  }, [])
  return isTall
}
