// SPDX-License-Identifier: Apache-2.0
/** The tray: every slide of the archive by case, with one search field. */

import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

import type { Identity } from '../dicom/slide'
import { reload } from '../load'
import { helpShown, identityHidden, search, tray } from '../state'
import { changeTheme, help, themeLabel } from './commands'
import { grouped, patientLine, studyLine } from './format'
import { Icon } from './Icon'
import { Notice } from './Notice'
import { SlideCard } from './SlideCard'
import { Tool } from './Tool'
import { cases, matching, neighbour, type Case } from './tray'

const ARROWS = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown']

export function TrayPage(): JSX.Element {
  useWindowKeys(moveAmongCards)
  return (
    <main class="tray">
      <header class="tray-header">
        <h1>Coverslip</h1>
        <SearchField />
        <div class="group">
          <Tool command={changeTheme} label={themeLabel()} />
          <Tool command={help} />
        </div>
      </header>
      <TrayBody />
    </main>
  )
}

function SearchField(): JSX.Element {
  const field = useRef<HTMLInputElement>(null)
  useWindowKeys((event) => {
    if (event.key !== '/' || event.target === field.current) return
    event.preventDefault()
    field.current?.focus()
  })
  return (
    <label class="search">
      <Icon name="search" />
      <input
        ref={field}
        type="search"
        aria-label="search slides"
        placeholder="name, id, date, scanner"
        value={search.value}
        onInput={(event) => {
          search.value = event.currentTarget.value
        }}
      />
    </label>
  )
}

function TrayBody(): JSX.Element {
  const found = tray.value
  if (found.state === 'loading') return <p class="quiet">reading the archive…</p>
  if (found.state === 'failed') return <FailedTray message={found.message} />
  if (found.value.length === 0) return <EmptyTray />
  return <Cases all={found.value} />
}

function Cases({ all }: { readonly all: readonly Identity[] }): JSX.Element {
  const kept = matching(all, search.value)
  return (
    <>
      <p class="quiet" role="status">
        {kept.length === all.length
          ? `${grouped(all.length)} ${slidesWord(all.length)}`
          : `${grouped(kept.length)} of ${grouped(all.length)} slides`}
      </p>
      <div class="cases">
        {cases(kept).map((each) => (
          <CaseSection key={each.study} shown={each} />
        ))}
      </div>
      {kept.length === 0 && (
        <Notice title="no slide matches">
          <p>Every word must occur in a slide’s name, patient, case, date or scanner.</p>
        </Notice>
      )}
    </>
  )
}

function CaseSection({ shown }: { readonly shown: Case }): JSX.Element {
  return (
    <section class="case">
      <header>
        <h2>{identityHidden.value ? 'identity hidden' : patientLine(shown.identity)}</h2>
        <p class="quiet">{identityHidden.value ? '' : studyLine(shown.identity)}</p>
      </header>
      <ul class="cards">
        {shown.slides.map((slide) => (
          <SlideCard key={slide.seriesInstanceUid} identity={slide} />
        ))}
      </ul>
    </section>
  )
}

function EmptyTray(): JSX.Element {
  return (
    <Notice title="no slides yet">
      <p>Convert a slide to DICOM, then put it into this server’s folder:</p>
      <pre>
        <code>{'dicomizer convert SLIDE OUT\ntileserver ingest OUT --data DIR'}</code>
      </pre>
      <p>
        <button type="button" class="button" onClick={reload}>
          look again
        </button>
      </p>
    </Notice>
  )
}

function FailedTray({ message }: { readonly message: string }): JSX.Element {
  return (
    <Notice title="the slides cannot be listed">
      <p>{message}</p>
      <p>
        <button type="button" class="button" onClick={reload}>
          try again
        </button>
      </p>
    </Notice>
  )
}

function useWindowKeys(act: (event: KeyboardEvent) => void): void {
  useEffect(() => {
    addEventListener('keydown', act)
    return () => {
      removeEventListener('keydown', act)
    }
  }, [])
}

function moveAmongCards(event: KeyboardEvent): void {
  if (!ARROWS.includes(event.key) || helpShown.value) return
  const inField = event.target instanceof HTMLInputElement
  if (inField && event.key !== 'ArrowDown') return
  const links = [...document.querySelectorAll<HTMLElement>('.card-link')]
  const from = links.findIndex((link) => link === document.activeElement)
  links[
    neighbour(
      links.map((link) => link.getBoundingClientRect()),
      from,
      event.key,
    )
  ]?.focus()
  event.preventDefault()
}

function slidesWord(count: number): string {
  return count === 1 ? 'slide' : 'slides'
}
