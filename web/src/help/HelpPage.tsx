// SPDX-License-Identifier: Apache-2.0
/** All keys and gestures, from the table that answers them; to search and to print. */

import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'

import { helpShown, slideKey } from '../state'
import { ANNOTATING } from '../annotate/actionKeys'
import { KINDS } from '../measure/geometry'
import { TOOL_KEYS } from '../measure/toolKeys'
import { KIND_NAMES } from '../measure/words'
import { Dialog } from '../ui/Dialog'
import { PAGE_GROUPS, SLIDE_GROUPS } from '../ui/commands'
import { keyName } from '../ui/keyboard'
import { pageKeys, type PageKeys } from '../ui/pageKeys'
import { msg, t } from '../words'
import { found, sectionsOf, type Section } from './rows'

import './help.css'

type Told = readonly (readonly [keys: string, meaning: string])[]

const MOUSE: Told = [
  [msg('drag'), msg('move the slide')],
  [msg('wheel'), msg('zoom at the pointer')],
  [msg('double click'), msg('next magnification')],
  [msg('right drag'), msg('turn the slide (or shift drag)')],
  [msg('esc'), msg('close what is open')],
]
const TOUCH: Told = [
  [msg('one finger'), msg('move the slide')],
  [msg('two fingers'), msg('zoom and turn the slide')],
  [msg('double tap'), msg('next magnification')],
  [msg('long press'), msg('place below the finger, and why a tile is hatched')],
]
const MEASURING: Told = [
  ...KINDS.map((kind) => [TOOL_KEYS[kind], KIND_NAMES[kind]] as const),
  [msg('space'), msg('set a point in the middle of the screen')],
  [msg('enter'), msg('end a path, an area or a count')],
  [msg('backspace'), msg('take back the last point')],
  [msg('delete'), msg('delete the chosen measure')],
  ['ctrl z', msg('undo')],
  ['ctrl y', msg('redo')],
]
const WORKLIST: Told = [
  ['/', msg('search')],
  ['↑ ↓', msg('choose a case')],
  [msg('enter'), msg('open it')],
]

export default function HelpPage(): JSX.Element {
  const search = useSignal('')
  const all = currentHelp()
  const sections = found(all, search.value)
  return (
    <Dialog title={t('keys')} shown={helpShown} name="help" tools={<Tools search={search} />}>
      <p class="quiet" role="status">
        {sections.length === 0 && t('no key of that kind')}
      </p>
      <div class="help-sections">
        {sections.map((section) => (
          <KeyList key={section.title} section={section} />
        ))}
      </div>
    </Dialog>
  )
}

function Tools({ search }: { readonly search: { value: string } }): JSX.Element {
  return (
    <>
      <input
        class="field"
        type="search"
        aria-label={t('search keys')}
        placeholder={t('search keys')}
        value={search.value}
        onInput={(event) => {
          search.value = event.currentTarget.value
        }}
      />
      <button
        type="button"
        class="button"
        onClick={() => {
          globalThis.print()
        }}
      >
        {t('print')}
      </button>
    </>
  )
}

function KeyList({ section }: { readonly section: Section }): JSX.Element {
  return (
    <section>
      <h3>{section.title}</h3>
      <dl class="keys">
        {section.rows.map(({ keys, meaning }) => (
          <div key={`${meaning} ${keys.join()}`}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

function currentHelp(): Section[] {
  if (pageKeys.value) return pageHelp(pageKeys.value)
  return slideKey.value ? slideHelp() : listHelp()
}

function pageHelp({ groups, gestures }: PageKeys): Section[] {
  return [...sectionsOf(groups), told(t('mouse and focus'), gestures)]
}

function slideHelp(): Section[] {
  return [
    ...sectionsOf(SLIDE_GROUPS),
    told(t('while measuring'), MEASURING),
    told(
      t('while annotating'),
      ANNOTATING.map(({ key, label }) => [keyName(key), label] as const),
    ),
    told(t('mouse'), MOUSE),
    told(t('touch'), TOUCH),
    told(t('worklist'), WORKLIST),
  ]
}

function listHelp(): Section[] {
  return [told(t('worklist'), WORKLIST), ...sectionsOf(PAGE_GROUPS), ...sectionsOf(SLIDE_GROUPS)]
}

function told(title: string, rows: Told): Section {
  return {
    title,
    rows: rows.map(([keys, meaning]) => ({ keys: [t(keys)], meaning: t(meaning) })),
  }
}
