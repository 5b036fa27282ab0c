// SPDX-License-Identifier: Apache-2.0
/** German, by the English text. */

import { PICTURE } from './de.picture'

export const GERMAN: Readonly<Record<string, string>> = {
  information: 'Angaben',
  'close {panel}': '{panel} schließen',
  ...PICTURE,
}
