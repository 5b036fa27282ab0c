// SPDX-License-Identifier: Apache-2.0
/** How the reader likes the viewer; kept by this browser, for this server. */

import type { Signal } from '@preact/signals'
import type { ComponentChildren, JSX } from 'preact'

import { clickCentres, kinetic, visitedShown } from '../navigate/settings'
import {
  chooseLanguage,
  hiddenAtFirst,
  identityHidden,
  labelShown,
  labelsLiked,
  settingsShown,
  theme,
  THEMES,
} from '../state'
import { Dialog } from '../ui/Dialog'
import { Tick } from '../ui/Tick'
import { LENGTH_UNITS, lengthUnit, type LengthUnit } from '../units'
import { language, languageOf, LANGUAGES, msg, t } from '../words'

import './settings.css'

const THEME_NAMES = { auto: msg('automatic'), dark: msg('dark'), light: msg('light') } as const
const UNIT_NAMES: Readonly<Record<LengthUnit, string>> = {
  auto: msg('µm, from 1 mm on mm'),
  um: msg('always µm'),
  mm: msg('always mm'),
}

export default function SettingsPage(): JSX.Element {
  return (
    <Dialog title={t('settings')} shown={settingsShown} name="settings">
      <Section title={t('appearance')}>
        <Radios
          legend={t('theme')}
          of={theme}
          choices={THEMES.map((each) => [each, t(THEME_NAMES[each])] as const)}
        />
        <LanguageChoice />
        <Radios
          legend={t('lengths')}
          of={lengthUnit}
          choices={LENGTH_UNITS.map((each) => [each, t(UNIT_NAMES[each])] as const)}
        />
      </Section>
      <Section title={t('movement')}>
        <Tick of={kinetic}>{t('the slide glides on after a drag')}</Tick>
        <Tick of={clickCentres}>{t('a click brings its place to the middle')}</Tick>
        <Tick of={visitedShown}>{t('shade what has been seen at 5× or closer')}</Tick>
      </Section>
      <Section title={t('patient data')}>
        <Tick
          of={labelsLiked}
          onChange={(isOn) => {
            labelShown.value = isOn && !identityHidden.value
          }}
        >
          {t('show label images, which may name the patient')}
        </Tick>
        <Tick
          of={hiddenAtFirst}
          onChange={(isOn) => {
            identityHidden.value = isOn
          }}
        >
          {t('begin with names and numbers of patients hidden')}
        </Tick>
      </Section>
      <p class="quiet">
        {t('kept in this browser only; the system’s wish for less motion is heeded')}
      </p>
    </Dialog>
  )
}

function LanguageChoice(): JSX.Element {
  return (
    <label class="setting">
      <span>{t('language')}</span>
      <select
        class="field"
        value={language.value}
        onChange={(event) => {
          chooseLanguage(languageOf(event.currentTarget.value) ?? 'en')
        }}
      >
        {Object.entries(LANGUAGES).map(([tag, name]) => (
          <option key={tag} value={tag} lang={tag}>
            {name}
          </option>
        ))}
      </select>
    </label>
  )
}

interface SectionProperties {
  readonly title: string
  readonly children: ComponentChildren
}

function Section({ title, children }: SectionProperties): JSX.Element {
  return (
    <section>
      <h3>{title}</h3>
      {children}
    </section>
  )
}

interface RadioProperties<Value extends string> {
  readonly legend: string
  readonly of: Signal<Value>
  readonly choices: readonly (readonly [Value, string])[]
}

function Radios<Value extends string>({
  legend,
  of,
  choices,
}: RadioProperties<Value>): JSX.Element {
  return (
    <div class="setting" role="radiogroup" aria-label={legend}>
      <span>{legend}</span>
      <div class="radios">
        {choices.map(([value, name]) => (
          <label key={value}>
            <input
              type="radio"
              name={legend}
              checked={of.value === value}
              onChange={() => {
                of.value = value
              }}
            />
            {name}
          </label>
        ))}
      </div>
    </div>
  )
}
