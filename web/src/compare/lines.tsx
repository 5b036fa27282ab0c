// SPDX-License-Identifier: Apache-2.0
/** Lines that are moved by pointer or arrow keys: between panes, and of the swipe. */

import type { JSX } from 'preact'

import { t } from '../words'
import { setLayout } from './actions'
import { movedLine, type Divider as Line } from './layout'
import { comparison } from './store'

const STEP = 0.02

interface DividerProperties {
  readonly divider: Line
  readonly shares: readonly number[]
}

export function Divider({ divider, shares }: DividerProperties): JSX.Element {
  const { between, index, at } = divider
  const move = (to: number): void => {
    const now = comparison.peek()
    const moved = movedLine(shares, index, to)
    comparison.value = { ...now, split: { ...now.split, [between]: moved } }
  }
  return (
    <div
      class="divider"
      data-between={between}
      role="separator"
      tabIndex={0}
      aria-label={t('line between slides')}
      aria-orientation={between === 'columns' ? 'vertical' : 'horizontal'}
      aria-valuenow={Math.round(at * 100)}
      style={{ [between === 'columns' ? 'left' : 'top']: `${at * 100}%` }}
      {...moving(between === 'columns', at, move)}
    />
  )
}

/** The line to whose right the upper slide is seen. */
export function Swipe({ at }: { readonly at: number }): JSX.Element {
  const move = (to: number): void => {
    setLayout({ at: Math.min(1, Math.max(0, to)) })
  }
  return (
    <div
      class="swipe-line"
      role="slider"
      tabIndex={0}
      aria-label={t('swipe')}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(at * 100)}
      style={{ left: `${at * 100}%` }}
      {...moving(true, at, move)}
    >
      <span class="swipe-knob" />
    </div>
  )
}

function moving(isAcross: boolean, at: number, move: (to: number) => void) {
  const follow = (event: PointerEvent): void => {
    const box = (event.currentTarget as Element).parentElement?.getBoundingClientRect()
    if (!box || event.buttons !== 1) return
    move(isAcross ? (event.clientX - box.left) / box.width : (event.clientY - box.top) / box.height)
  }
  const [back, on] = isAcross ? ['ArrowLeft', 'ArrowRight'] : ['ArrowUp', 'ArrowDown']
  return {
    onPointerDown: (event: PointerEvent) => {
      ;(event.currentTarget as Element).setPointerCapture(event.pointerId)
    },
    onPointerMove: follow,
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key !== back && event.key !== on) return
      event.preventDefault()
      event.stopPropagation()
      move(at + (event.key === on ? STEP : -STEP))
    },
  }
}
