// SPDX-License-Identifier: Apache-2.0
/** The page: the tray or a slide, by the address; and the help that lies over both. */

import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'

import { shown, slideKey } from '../state'
import { slideName } from './format'
import { HelpDialog } from './HelpDialog'
import { SlidePage } from './SlidePage'
import { TrayPage } from './TrayPage'

export function App(): JSX.Element {
  const key = slideKey.value
  const name = key && shown.value ? slideName(shown.value.identity) : null
  useEffect(() => {
    document.title = name ? `${name} · Coverslip` : 'Coverslip'
  }, [name])
  return (
    <>
      {key ? <SlidePage key={key.series} slideKey={key} /> : <TrayPage />}
      <HelpDialog />
    </>
  )
}
