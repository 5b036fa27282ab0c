// SPDX-License-Identifier: Apache-2.0
/** Where the viewer starts: store ↔ address bar, server → store, keys → commands, store → page. */

import { render } from 'preact'

import { follow } from './load'
import { mirror } from './state'
import { App } from './ui/App'
import { listenToKeys } from './ui/keyboard'
import { preferred, speak } from './words'

import './features'

import 'ol/ol.css'
import './ui/base.css'
import './ui/tray.css'
import './ui/slide.css'
import './annotate/annotate.css'
import './layers/layers.css'

mirror()
follow()
listenToKeys()
void speak(preferred(navigator.languages)).then(() => {
  render(<App />, document.getElementById('app') ?? document.body)
})
