// SPDX-License-Identifier: Apache-2.0
/** What a caption says of the picture is loaded when there is a caption. */

import { tell } from '../captions'

tell(async (of) => (await import('./told')).told(of))
