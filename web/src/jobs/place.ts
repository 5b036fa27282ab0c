// SPDX-License-Identifier: Apache-2.0
/** Where the page of jobs is. */

import { JOBS_PATH } from '../address'
import { linkedLanguage, visit } from '../state'

/** The address of the page of jobs, in the language that the present one asks for. */
export function jobsPath(): string {
  const spoken = linkedLanguage.value
  return spoken ? `${JOBS_PATH}?lang=${spoken}` : JOBS_PATH
}

/** Open the page of jobs. */
export function openJobs(): void {
  visit(jobsPath())
}
