// SPDX-License-Identifier: Apache-2.0
/** Identities for tests: nothing is known but what a test gives. */

import { identityOf, type Identity } from '../dicom/slide'

export function identity(given: Partial<Identity>): Identity {
  return { ...identityOf({}), ...given }
}
