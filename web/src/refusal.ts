// SPDX-License-Identifier: Apache-2.0
/** Why a server does not give what was asked for, in one sentence with what to do. */

import { IS_DIRECT, ORIGIN } from './root'
import { t } from './words'

/** Of an answer that is an error. */
export function refusal(status: number, kind: string, isSearch: boolean): string {
  if (ORIGIN !== null) return ofOrigin(ORIGIN, status, kind, isSearch)
  return ofAny(status)
}

/** Of no answer at all. */
export function silence(): string {
  if (ORIGIN === null || !IS_DIRECT)
    return t('the server does not answer; check that tileserver is running')
  return t(
    '{origin} does not answer this page; check that it runs, and that it lets pages of {page} read its answers (CORS)',
    { origin: ORIGIN, page: location.origin },
  )
}

/** Of an answer that is nothing that DICOMweb knows. */
export function foreign(): string {
  if (ORIGIN === null) return t('the server answered with something else than DICOM JSON')
  return t(
    'what answers for {origin} is no DICOMweb service; correct its address in the settings of tileserver (of Orthanc, it ends in /dicom-web)',
    { origin: ORIGIN },
  )
}

/** By the kinds of errors that this server tells of others, or by the status of the other itself. */
function ofOrigin(origin: string, status: number, kind: string, isSearch: boolean): string {
  const isLogin = IS_DIRECT && (status === 401 || status === 403)
  if (kind === 'OriginLoginError' || isLogin)
    return t(
      '{origin} wants a login; name it in origins of tileserver, with its login in origin_logins',
      { origin },
    )
  if (kind === 'OriginAwayError')
    return t('{origin} does not answer; check that it runs, and its address in the settings', {
      origin,
    })
  if (kind === 'OriginSlowError') return t('{origin} takes too long to answer', { origin })
  if (kind === 'OriginForeignError') return foreign()
  return isSearch ? ofSearch(origin, status) : ofAny(status)
}

/** A search of the whole archive is what every service answers. */
function ofSearch(origin: string, status: number): string {
  if (status === 404) return foreign()
  if (status !== 400) return ofAny(status)
  return t(
    '{origin} refuses the search; check that its address in the settings is that of its DICOMweb service (of Orthanc, it ends in /dicom-web)',
    { origin },
  )
}

function ofAny(status: number): string {
  if (status === 404) return t('the server does not have it; it may have been deleted')
  if (status === 406) return t('it is stored in a form that this viewer cannot draw')
  return t('the server answered {status}; its log says more', { status })
}
