// SPDX-License-Identifier: Apache-2.0
/** What stands in the place of rows: how to put the first slide in, or why there are none. */

import type { JSX } from 'preact'

import { DICOMWEB, ORIGIN } from '../root'
import { Notice } from '../ui/Notice'
import { t } from '../words'
import { find, searchFor } from './store'

export function EmptyList({ isSearch }: { readonly isSearch: boolean }): JSX.Element {
  return isSearch ? <NothingFound /> : <NothingThere />
}

function NothingThere(): JSX.Element {
  if (ORIGIN !== null) return <NothingAt origin={ORIGIN} />
  const address = new URL(DICOMWEB, location.href).href
  return (
    <Notice title={t('no slides yet')}>
      <p>{t('Drop slides, DICOM files or folders here, or convert a slide and send it:')}</p>
      <pre>
        <code>{`dicomizer convert SLIDE --to ${address}`}</code>
      </pre>
      <p>
        <LookAgain />
      </p>
    </Notice>
  )
}

function NothingAt({ origin }: { readonly origin: string }): JSX.Element {
  return (
    <Notice title={t('no cases at {origin}', { origin })}>
      <p>{t('It answers, but holds no study, or shows none to this server.')}</p>
      <p>
        <LookAgain />
      </p>
    </Notice>
  )
}

function LookAgain(): JSX.Element {
  return (
    <button type="button" class="button" onClick={() => void find()}>
      {t('look again')}
    </button>
  )
}

function NothingFound(): JSX.Element {
  return (
    <Notice title={t('no case matches')}>
      <p>
        {t('A word is taken for what it looks like. To say what it is, put its kind before it:')}
      </p>
      <pre>
        <code>
          {'name:doe  patient:P-17  accession:S26-17  container:S26-17-A1\n'}
          {'stain:eosin  date:2026-03..2026-05  modality:SEG  uid:1.2.3'}
        </code>
      </pre>
      <p>
        <button
          type="button"
          class="button"
          onClick={() => {
            searchFor('')
          }}
        >
          {t('show all cases')}
        </button>
      </p>
    </Notice>
  )
}

export function FailedList({ message }: { readonly message: string }): JSX.Element {
  return (
    <Notice title={t('the cases cannot be listed')}>
      <p>{message}</p>
      <p>
        <button type="button" class="button" onClick={() => void find()}>
          {t('try again')}
        </button>
      </p>
    </Notice>
  )
}
