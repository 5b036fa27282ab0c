// SPDX-License-Identifier: Apache-2.0
/** The page: the worklist, a case or a slide, by the address; and the help that lies over both. */

import type { ComponentChildren, JSX } from 'preact'
import { useEffect } from 'preact/hooks'

import { isComparing } from '../compare/beside'
import { caseStudy, helpShown, isLost, jobsShown, settingsShown, shown, slideKey } from '../state'
import { slideName } from './format'
import { lazy } from './Lazy'
import { NoPage } from './NoPage'
import { SlidePage } from './SlidePage'

const WorklistPage = lazy(async () => (await import('../worklist/WorklistPage')).WorklistPage)
const ComparePage = lazy(async () => (await import('../compare/ComparePage')).ComparePage)
const CasePage = lazy(async () => (await import('../case/CasePage')).CasePage)
const HelpPage = lazy(async () => (await import('../help/HelpPage')).default, Nothing)
const SettingsPage = lazy(async () => (await import('../settings/SettingsPage')).default, Nothing)
const JobsPage = lazy(async () => (await import('../jobs/JobsPage')).JobsPage)

export function App(): JSX.Element {
  const key = slideKey.value
  const name = key && shown.value ? slideName(shown.value.identity) : null
  useEffect(() => {
    document.title = name ? `${name} · Coverslip` : 'Coverslip'
  }, [name])
  return (
    <>
      <Page />
      {helpShown.value && <HelpPage />}
      {settingsShown.value && <SettingsPage />}
    </>
  )
}

function Page(): JSX.Element {
  const [key, study] = [slideKey.value, caseStudy.value]
  if (isLost.value) return <NoPage />
  if (study) return <CasePage key={study} study={study} />
  if (isComparing.value) return <ComparePage />
  if (jobsShown.value) return <JobsPage />
  return key ? <SlidePage key={key.series} slideKey={key} /> : <WorklistPage />
}

/** What lies over the page needs no frame while it is loaded. */
function Nothing({ children }: { readonly children?: ComponentChildren }): JSX.Element {
  return <>{children}</>
}
