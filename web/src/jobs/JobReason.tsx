// SPDX-License-Identifier: Apache-2.0
/** Why a job failed and what to do: where the page knows the reason, in its own words first. */

import type { JSX } from 'preact'

import { t } from '../words'
import type { Job } from './job'
import { adviceOf, reasonOf } from './telling'

export function JobReason({ job }: { readonly job: Job }): JSX.Element | null {
  const { problem } = job
  if (!problem) return null
  const known = reasonOf(job)
  return (
    <div>
      <p>
        <span class="remark">{known ?? t('the server says: {message}', { message: problem })}</span>{' '}
        {adviceOf(job)}
      </p>
      {known && (
        <details class="quiet">
          <summary>{t('what the server says')}</summary>
          <p>{problem}</p>
        </details>
      )}
    </div>
  )
}
