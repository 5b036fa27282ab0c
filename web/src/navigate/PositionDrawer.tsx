// SPDX-License-Identifier: Apache-2.0
/** Going to a place by its numbers, and how the reader likes to move about. */

import type { Signal } from '@preact/signals'
import type { JSX } from 'preact'
import { useRef, useState } from 'preact/hooks'

import type { Slide } from '../dicom/slide'
import { currentMap } from '../map/current'
import { viewed } from '../state'
import { Drawer } from '../ui/Drawer'
import { t } from '../words'
import { inUnit, parsePlace, type Unit } from './parse'
import { rulerOf } from './ruler'
import { forgetSeen } from './seen'
import { clickCentres, kinetic, visitedShown } from './settings'

export function PositionDrawer({ slide }: { readonly slide: Slide }): JSX.Element {
  return (
    <Drawer title={t('position and movement')}>
      <h3>{t('go to')}</h3>
      <GoTo slide={slide} />
      <h3>{t('movement')}</h3>
      <Choice of={kinetic} label={t('the slide glides on after a drag')} />
      <Choice of={clickCentres} label={t('a click brings its place to the middle')} />
      <h3>{t('overview')}</h3>
      <Choice of={visitedShown} label={t('shade what has been seen at 5× or closer')} />
      <button
        type="button"
        class="button"
        onClick={() => {
          forgetSeen(slide)
        }}
      >
        {t('forget what has been seen')}
      </button>
    </Drawer>
  )
}

function GoTo({ slide }: { readonly slide: Slide }): JSX.Element {
  const ruler = rulerOf(slide)
  const form = useRef<HTMLFormElement>(null)
  const [unit, setUnit] = useState<Unit>(ruler.mpp ? 'mm' : 'px')
  const [wrong, setWrong] = useState(false)
  const { size } = slide.pyramid
  const digits = unit === 'mm' ? 3 : 0
  const now = inUnit(viewed.value?.centre ?? { x: 0, y: 0 }, unit, ruler)
  const most = inUnit({ x: size.width, y: size.height }, unit, ruler)
  const go = (event: Event): void => {
    event.preventDefault()
    if (!form.current) return
    const typed = new FormData(form.current)
    const centre = parsePlace([textOf(typed, 'x'), textOf(typed, 'y')], unit, ruler, size)
    setWrong(centre === null)
    if (centre) currentMap.value?.go({ centre })
  }
  return (
    <form ref={form} class="go-to" onSubmit={go}>
      <Field name="x" placeholder={now.x.toFixed(digits)} wrong={wrong} />
      <Field name="y" placeholder={now.y.toFixed(digits)} wrong={wrong} />
      <select
        class="field"
        aria-label={t('unit')}
        value={unit}
        onChange={(event) => {
          setUnit(event.currentTarget.value === 'mm' ? 'mm' : 'px')
        }}
      >
        {ruler.mpp && <option value="mm">mm</option>}
        <option value="px">px</option>
      </select>
      <button type="submit" class="button">
        {t('go')}
      </button>
      <p class={wrong ? 'wrong' : 'quiet'} role={wrong ? 'alert' : undefined}>
        {t('x from 0 to {right}, y from 0 to {down} {unit}, from the upper left', {
          ...{ right: most.x.toFixed(digits), down: most.y.toFixed(digits), unit },
        })}
      </p>
    </form>
  )
}

function textOf(typed: FormData, name: string): string {
  const value = typed.get(name)
  return typeof value === 'string' ? value : ''
}

interface FieldProperties {
  readonly name: string
  readonly placeholder: string
  readonly wrong: boolean
}

function Field({ name, placeholder, wrong }: FieldProperties): JSX.Element {
  return (
    <input
      class="field"
      name={name}
      aria-label={name}
      aria-invalid={wrong}
      inputMode="decimal"
      autocomplete="off"
      placeholder={placeholder}
      size={7}
    />
  )
}

function Choice({ of, label }: { readonly of: Signal<boolean>; readonly label: string }) {
  return (
    <label class="choice">
      <input
        type="checkbox"
        checked={of.value}
        onChange={(event) => {
          of.value = event.currentTarget.checked
        }}
      />{' '}
      {label}
    </label>
  )
}
