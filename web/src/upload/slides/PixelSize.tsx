// SPDX-License-Identifier: Apache-2.0
/** A slide that does not tell the size of its pixels is converted once somebody does. */

import type { JSX } from 'preact'

import type { Job } from '../../jobs/job'
import { createJob } from '../../jobs/server'
import { t } from '../../words'
import type { SlideUpload } from './queue'

/** As the server takes it, in micrometres. */
const [LEAST, MOST] = [0.001, 1000]

/** Whether a job failed for want of the size of a pixel. */
export function wantsPixelSize(job: Job | null): boolean {
  return job?.state === 'failed' && (job.problem ?? '').includes('size of a pixel')
}

interface Properties {
  readonly of: SlideUpload
  readonly onAsked: (job: Job) => void
  readonly onFailed: (error: unknown) => void
}

export function PixelSize({ of, onAsked, onFailed }: Properties): JSX.Element {
  const { name } = of.slide
  return (
    <form
      class="pixel-size"
      onSubmit={(event) => {
        event.preventDefault()
        const mpp = Number(new FormData(event.currentTarget).get('mpp'))
        void createJob('convert', { ...of.job.value?.parameters, mpp }).then(onAsked, onFailed)
      }}
    >
      <label>
        {t('size of a pixel')}{' '}
        <input name="mpp" type="number" min={LEAST} max={MOST} step="any" required />
        {' \u00b5m'}
      </label>
      <button type="submit" class="button" aria-label={`${t('convert')}: ${name}`}>
        {t('convert')}
      </button>
    </form>
  )
}
