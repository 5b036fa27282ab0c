// SPDX-License-Identifier: Apache-2.0
/** What comes with every map, in order of drawing; each module attaches itself (`map/attachments`). */

import './compare/beside'
import './map/pointer'
import './map/longPress'
import './picture/attachSheets'
import './picture/attach'
import './picture/tell'
import './layers'
import './annotate'
import './measure/attach'
import './navigate/seen'
import './jobs/attach'
