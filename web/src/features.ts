// SPDX-License-Identifier: Apache-2.0
/** What comes with every map, in order of drawing; each module attaches itself (`map/attachments`). */

import './map/pointer'
import './measure/attach'
import './navigate/seen'
