// SPDX-License-Identifier: Apache-2.0
/** What comes with every map, in order of drawing; each module attaches itself (`map/attachments`). */

import './map/pointer'
import './picture/attachSheets'
import './picture/attach'
import './layers'
import './annotate'
import './measure/attach'
import './navigate/seen'
