// SPDX-License-Identifier: Apache-2.0
/** All that is loaded when the first slide of another format is sent. */

export { SlidePanel } from './SlidePanel'
export { sendSlides } from './store'
