// SPDX-License-Identifier: Apache-2.0
/** What a server answers to a store (PS3.18 10.5.3, PS3.3 table 10-11 of reasons), in words. */

import { item, items, number, type DataSet } from '../dicom/json'
import { t } from '../words'
import { MomentaryError, type Outcome } from './queue'

/** What became of one file, by the status and the body of the answer. */
export function outcomeOf(status: number, body: string): Outcome {
  if (status === 0) throw new MomentaryError(t('the server does not answer; it is tried again'))
  if (status === 429 || status === 503)
    throw new MomentaryError(t('the server is busy; it is tried again'))
  const answer = dataSetOf(body)
  const code = failureOf(answer)
  if (code !== null) return { state: 'refused', reason: reasonText(code) }
  if (status >= 200 && status < 300) return { state: 'stored' }
  const told = messageOf(body)
  const reason =
    told === null ? statusText(status) : t('the server says: {message}', { message: told })
  return { state: 'refused', reason }
}

function failureOf(answer: DataSet): number | null {
  const failed = item(answer, 'FailedSOPSequence')
  const [other] = items(answer, 'OtherFailuresSequence')
  return number(failed, 'FailureReason') ?? number(other ?? {}, 'FailureReason')
}

function dataSetOf(body: string): DataSet {
  const parsed = parsedJson(body)
  const first: unknown = Array.isArray(parsed) ? parsed[0] : parsed
  return typeof first === 'object' && first !== null ? (first as DataSet) : {}
}

function messageOf(body: string): string | null {
  const parsed = parsedJson(body)
  if (typeof parsed !== 'object' || parsed === null || !('message' in parsed)) return null
  return typeof parsed.message === 'string' ? parsed.message : null
}

function parsedJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return null // no JSON: the status alone tells
  }
}

function reasonText(reason: number): string {
  const code = reason.toString(16).toUpperCase().padStart(4, '0')
  const [known] = [
    reason === 0x0111 && t('another file is stored under its UID'),
    reason === 0x0110 && t('others keep changing it; send it again'),
    reason >= 0xa700 && reason <= 0xa7ff && t('the server has no room left'),
    reason >= 0xa900 && reason <= 0xa9ff && t('it does not belong to the study'),
    reason === 0xc122 && t('its transfer syntax is unknown'),
    reason >= 0xc000 && t('it is damaged, cut short, or has no valid UIDs'),
  ].filter((text) => text !== false)
  return `${known ?? t('the server refused it')} (${code}H)`
}

function statusText(status: number): string {
  if (status === 403 || status === 405) return t('this server takes no files')
  if (status === 413) return t('it is larger than the server takes')
  if (status === 507) return t('the server has no room left')
  return t('the server answered {status}; its log says more', { status })
}
