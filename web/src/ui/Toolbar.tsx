// SPDX-License-Identifier: Apache-2.0
/** Top right: the tools, in groups; they fade while the pointer rests on tissue. */

import type { JSX } from 'preact'

import {
  annotations,
  changeTheme,
  fullScreen,
  help,
  home,
  info,
  label,
  layers,
  overview,
  rotateLeft,
  rotateRight,
  themeLabel,
  zoomIn,
  zoomOut,
  type Command,
} from './commands'
import { Tool } from './Tool'

const GROUPS: readonly (readonly Command[])[] = [
  [zoomIn, zoomOut, home],
  [rotateLeft, rotateRight],
  [label, overview, layers, annotations, info],
]

export function Toolbar(): JSX.Element {
  return (
    <nav class="toolbar fading" aria-label="tools">
      {GROUPS.map((group, index) => (
        <div key={index} class="group">
          {group.map((command) => (
            <Tool key={command.label} command={command} />
          ))}
        </div>
      ))}
      <div class="group">
        <Tool command={fullScreen} />
        <Tool command={changeTheme} label={themeLabel()} />
        <Tool command={help} />
      </div>
    </nav>
  )
}
