// SPDX-License-Identifier: Apache-2.0
/** Where the viewer starts: store ↔ address bar, server → store, keys → commands, store → page. */

import { render } from 'preact'

import { follow } from './load'
import { firstLanguage, mirror } from './state'
import { App } from './ui/App'
import { listenToKeys } from './ui/keyboard'
import { speak } from './words'

import './features'

import 'ol/ol.css'
import './ui/base.css'
import './ui/slide.css'
import './ui/tiles.css'
import './ui/print.css'
import './ui/sizes.css'
import './navigate/navigate.css'
import './measure/measure.css'
import './picture/focus.css'
import './annotate/annotate.css'
import './layers/layers.css'

mirror()
follow()
listenToKeys()
void speak(firstLanguage()).then(() => {
  render(<App />, document.getElementById('app') ?? document.body)
})
