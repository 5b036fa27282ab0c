// SPDX-License-Identifier: Apache-2.0
/** How the reader likes to move about, kept by the browser. */

import { habit } from '../habits'

/** The slide glides on when a drag is let go. */
export const kinetic = habit('kinetic', true)
/** A click brings its place to the middle. */
export const clickCentres = habit('click-centres', false)
/** What has been seen is shaded on the overview. */
export const visitedShown = habit('visited', false)
