// SPDX-License-Identifier: Apache-2.0
/** The page: the worklist, a case or a slide, by the address; and the help that lies over both. */

import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'

import { caseStudy, shown, slideKey } from '../state'
import { slideName } from './format'
import { HelpDialog } from './HelpDialog'
import { lazy } from './Lazy'
import { SlidePage } from './SlidePage'

const WorklistPage = lazy(async () => (await import('../worklist/WorklistPage')).WorklistPage)
const CasePage = lazy(async () => (await import('../case/CasePage')).CasePage)

export function App(): JSX.Element {
  const key = slideKey.value
  const name = key && shown.value ? slideName(shown.value.identity) : null
  useEffect(() => {
    document.title = name ? `${name} · Coverslip` : 'Coverslip'
  }, [name])
  return (
    <>
      <Page />
      <HelpDialog />
    </>
  )
}

function Page(): JSX.Element {
  const [key, study] = [slideKey.value, caseStudy.value]
  if (study) return <CasePage key={study} study={study} />
  return key ? <SlidePage key={key.series} slideKey={key} /> : <WorklistPage />
}
