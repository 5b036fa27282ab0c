// SPDX-License-Identifier: Apache-2.0
/** A case: its slides in a tray on the left, one of them open beside; and all else that it holds. */

import { useSignalEffect } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'

import { ChosenBar } from '../compare/Choose'
import type { Identity } from '../dicom/slide'
import { coarsestImage, keyOf, picture, preview } from '../load'
import { drawnOnce, identityHidden, navigate, siblings, slideKey } from '../state'
import { back } from '../ui/caseCommands'
import { sibling } from '../ui/commands'
import { patientLine, studyLine } from '../ui/format'
import { Notice } from '../ui/Notice'
import { SlidePage } from '../ui/SlidePage'
import { Tool } from '../ui/Tool'
import { cases } from '../ui/tray'
import { ChooseFiles, UploadArea } from '../upload/UploadArea'
import { t } from '../words'
import { loadCase, series, type Series } from './contents'
import { DeleteButton } from './DeleteButton'
import { Download } from './Download'
import { OtherSeries } from './OtherSeries'
import { SlideTray } from './SlideTray'
import { TagPanel } from './tags/TagPanel'

import './case.css'

export function CasePage({ study }: { readonly study: string }): JSX.Element {
  useEffect(() => {
    void loadCase(study)
  }, [study])
  useSignalEffect(openFirst)
  useSignalEffect(preloadNext)
  const key = slideKey.value
  return (
    <UploadArea>
      <div class="case">
        <aside class="case-tray" aria-label={t('case')}>
          <CaseHead study={study} />
          <Contents study={study} />
          <ChosenBar />
        </aside>
        <section class="case-stage">
          {key ? <SlidePage key={key.series} slideKey={key} /> : <main aria-busy="true" />}
          <TagPanel />
        </section>
      </div>
    </UploadArea>
  )
}

function CaseHead({ study }: { readonly study: string }): JSX.Element {
  const found = series.value.state === 'ready' ? series.value.value : []
  const identity = found[0]?.identity
  const isHidden = identityHidden.value
  return (
    <header class="case-head">
      <Tool command={back} label={t('worklist')} />
      <div class="case-identity">
        <h1>{isHidden ? t('identity hidden') : identity ? patientLine(identity) : '…'}</h1>
        <p class="quiet">{identity && !isHidden ? studyLine(identity) : '\u00a0'}</p>
      </div>
      <div class="case-actions">
        <ChooseFiles />
        <Download of={{ study }} />
        {identity && (
          <DeleteButton
            resource={{ study }}
            what={t('the whole case')}
            named={caseText(identity)}
            contents={holdings(found)}
            onDeleted={() => {
              navigate(null)
            }}
          />
        )}
      </div>
    </header>
  )
}

function caseText(identity: Identity): string {
  return [patientLine(identity), studyLine(identity)].filter(Boolean).join(' · ')
}

/** How much goes with it. */
function holdings(found: readonly Series[]): string {
  const instances = found.reduce((sum, each) => sum + (each.instances ?? 0), 0)
  const slides = found.filter(({ modality }) => modality === 'SM').length
  return t('{slides} slides, {others} other series, {instances} files', {
    slides,
    others: found.length - slides,
    instances,
  })
}

function Contents({ study }: { readonly study: string }): JSX.Element {
  const found = series.value
  if (found.state === 'loading') return <p class="quiet case-waiting">{t('reading the case…')}</p>
  if (found.state === 'failed') return <Failed study={study} message={found.message} />
  if (found.value.length === 0) return <Missing />
  return (
    <div class="case-contents">
      <SlideTray all={found.value} />
      <OtherSeries study={study} all={found.value} />
    </div>
  )
}

function Missing(): JSX.Element {
  return (
    <Notice title={t('the server does not have this case')}>
      <p>{t('It may have been deleted, or is still to come.')}</p>
    </Notice>
  )
}

function Failed({
  study,
  message,
}: {
  readonly study: string
  readonly message: string
}): JSX.Element {
  return (
    <Notice title={t('the case cannot be read')}>
      <p>{message}</p>
      <p>
        <button type="button" class="button" onClick={() => void loadCase(study)}>
          {t('try again')}
        </button>
      </p>
    </Notice>
  )
}

/** Where no slide is named by the address, or one that is gone, the first one is shown. */
function openFirst(): void {
  const [first] = cases(siblings.value)[0]?.slides ?? []
  if (first && !slideKey.value) slideKey.value = keyOf(first)
}

/** Once a slide is drawn, the next one's first picture is fetched: it is one key away. */
function preloadNext(): void {
  const next = drawnOnce.value ? sibling(1) : null
  const loaded = next && preview(next).value
  if (next && loaded?.state === 'ready') picture(next, coarsestImage(loaded.value.slide))
}
