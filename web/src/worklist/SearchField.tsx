// SPDX-License-Identifier: Apache-2.0
/** The search field; arrows and enter act on the rows below while one types. */

import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

import { isCovered, search } from '../state'
import { Icon } from '../ui/Icon'
import { t } from '../words'
import { searchFor } from './store'

export function SearchField(): JSX.Element {
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => {
    const focus = (event: KeyboardEvent): void => {
      if (event.key !== '/' || event.target instanceof HTMLInputElement || isCovered.value) return
      event.preventDefault()
      field.current?.focus()
    }
    addEventListener('keydown', focus)
    return () => {
      removeEventListener('keydown', focus)
    }
  }, [])
  return (
    <label class="search">
      <Icon name="search" />
      <input
        ref={field}
        type="search"
        aria-label={t('search cases')}
        aria-controls="worklist-table"
        aria-describedby="worklist-status"
        placeholder={t('name, number, date, stain, container')}
        autocomplete="off"
        spellcheck={false}
        value={search.value}
        onInput={(event) => {
          searchFor(event.currentTarget.value)
        }}
      />
    </label>
  )
}
