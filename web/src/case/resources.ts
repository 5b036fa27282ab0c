// SPDX-License-Identifier: Apache-2.0
/** Addresses of what people open, download and delete: a study, a series or an instance. */

import { ServerError } from '../api'
import { DICOMWEB } from '../root'
import { t } from '../words'

/** A study, or a series or an instance in it. */
export interface Resource {
  readonly study: string
  readonly series?: string
  readonly instance?: string
}

/** Where it is on the server. */
export function addressOf({ study, series, instance }: Resource): string {
  const parts = ['studies', study]
  if (series) parts.push('series', series)
  if (instance) parts.push('instances', instance)
  return [DICOMWEB, ...parts.map(encodeURIComponent)].join('/')
}

/** The address of its files, as a browser downloads them: one as DICOM, several as ZIP. */
export function downloadOf(resource: Resource): string {
  return `${addressOf(resource)}?accept=application/${resource.instance ? 'dicom' : 'zip'}`
}

/** What a browser shows of it itself: a report as a page, a document, a picture. */
export function renderedOf(resource: Resource): string {
  return `${addressOf(resource)}/rendered`
}

/** Delete it on the server, for good. */
export async function deleteResource(resource: Resource): Promise<void> {
  const answer = await fetch(addressOf(resource), { method: 'DELETE' }).catch(() => null)
  if (!answer) {
    throw new ServerError(0, t('the server does not answer; check that tileserver is running'))
  }
  if (!answer.ok && answer.status !== 404) throw new ServerError(answer.status, refusal(answer))
}

function refusal({ status }: Response): string {
  if (status === 403 || status === 405) return t('this server is set to delete nothing')
  return t('the server answered {status}; its log says more', { status })
}
