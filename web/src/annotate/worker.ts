// SPDX-License-Identifier: Apache-2.0
/** The worker's entry. */

import { serve } from '../vector/rpc'
import { WORK } from './work'

serve(WORK)
