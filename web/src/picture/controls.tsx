// SPDX-License-Identifier: Apache-2.0
/** The controls of the picture's drawers: each with its name, its value in numbers, a way back. */

import type { ComponentChildren, JSX } from 'preact'

import { Icon } from '../ui/Icon'
import { t } from '../words'

interface SliderProperties {
  readonly label: string
  /** The value, as the reader reads it. */
  readonly text: string
  readonly value: number
  readonly range: readonly [number, number]
  readonly step: number
  readonly isChanged: boolean
  readonly onChange: (value: number) => void
  readonly onReset: () => void
}

export function Slider(of: SliderProperties): JSX.Element {
  const [least, most] = of.range
  return (
    <div class="slider">
      <label>
        <span>{of.label}</span>
        <input
          type="range"
          min={least}
          max={most}
          step={of.step}
          value={of.value}
          aria-valuetext={of.text}
          onInput={({ currentTarget }) => {
            of.onChange(currentTarget.valueAsNumber)
          }}
        />
      </label>
      <output>{of.text}</output>
      <button
        type="button"
        class="tool reset"
        aria-label={t('reset {what}', { what: of.label })}
        disabled={!of.isChanged}
        onClick={of.onReset}
      >
        <Icon name="rotateLeft" />
      </button>
    </div>
  )
}

interface SwitchProperties {
  readonly label: string
  readonly on: boolean
  readonly disabled?: boolean
  readonly onChange: (on: boolean) => void
  readonly children?: ComponentChildren
}

export function Switch({
  label,
  on,
  disabled = false,
  onChange,
  children,
}: SwitchProperties): JSX.Element {
  return (
    <label class="switch">
      <input
        type="checkbox"
        checked={on}
        disabled={disabled}
        onChange={({ currentTarget }) => {
          onChange(currentTarget.checked)
        }}
      />
      {children}
      <span>{label}</span>
    </label>
  )
}

export interface Option {
  readonly name: string
  readonly chosen: boolean
  readonly choose: () => void
}

/** One of a few. */
export function Choice({
  label,
  options,
}: {
  readonly label: string
  readonly options: readonly Option[]
}): JSX.Element {
  return (
    <div class="choice" role="group" aria-label={label}>
      {options.map(({ name, chosen, choose }) => (
        <button key={name} type="button" class="button" aria-pressed={chosen} onClick={choose}>
          {name}
        </button>
      ))}
    </div>
  )
}

export function Field({
  label,
  children,
}: {
  readonly label: string
  readonly children: ComponentChildren
}): JSX.Element {
  return (
    <div class="field">
      <span>{label}</span>
      {children}
    </div>
  )
}

/** A patch of a colour. */
export function Swatch({
  colour: [red, green, blue],
}: {
  readonly colour: readonly [number, number, number]
}): JSX.Element {
  return (
    <span
      class="swatch"
      aria-hidden="true"
      style={{ backgroundColor: `rgb(${red} ${green} ${blue})` }}
    />
  )
}
