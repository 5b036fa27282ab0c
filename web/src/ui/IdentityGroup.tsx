// SPDX-License-Identifier: Apache-2.0
/** Top left: which slide this is and whose; never faded. */

import type { JSX } from 'preact'

import type { Identity } from '../dicom/slide'
import { identityHidden, siblings } from '../state'
import { back } from './caseCommands'
import { strip } from './commands'
import { t } from '../words'
import { patientLine, slideName, studyLine } from './format'
import { Tool } from './Tool'

export function IdentityGroup({ identity }: { readonly identity: Identity }): JSX.Element {
  const lines = identityHidden.value
    ? [t('identity hidden')]
    : [patientLine(identity), studyLine(identity)]
  return (
    <header class="group identity">
      <Tool command={back} />
      {siblings.value.length > 1 && <Tool command={strip} />}
      <div class="identity-text">
        <h1>{slideName(identity)}</h1>
        <p class="quiet">{lines.filter(Boolean).join(' · ')}</p>
      </div>
    </header>
  )
}
