// SPDX-License-Identifier: Apache-2.0
/** Top right: the tools, in groups; they fade while the pointer rests on tissue. */

import type { JSX } from 'preact'

import { openBeside } from '../compare/tool'
import { measure } from '../measure/commands'
import { goTo, mirror } from '../navigate/commands'
import { channelsTool, pictureTool } from '../picture/commands'
import { settings } from '../settings/commands'
import { share, snapshot } from '../snapshot/commands'
import {
  annotations,
  changeLanguage,
  changeTheme,
  fullScreen,
  help,
  home,
  info,
  label,
  languageLabel,
  layers,
  overview,
  rotateLeft,
  rotateRight,
  themeLabel,
  zoomIn,
  zoomOut,
  type Command,
} from './commands'
import { t } from '../words'
import { Tool } from './Tool'

const GROUPS: readonly (readonly Command[])[] = [
  [zoomIn, zoomOut, home],
  [rotateLeft, rotateRight, mirror],
  [label, overview],
  [pictureTool, channelsTool, layers, annotations, measure, goTo],
  [openBeside, snapshot, share, info],
]

export function Toolbar(): JSX.Element {
  return (
    <nav class="toolbar fading" aria-label={t('tools')}>
      {GROUPS.map((group, index) => (
        <div key={index} class="group">
          {group
            .filter(({ offered }) => offered?.() ?? true)
            .map((command) => (
              <Tool key={command.label} command={command} />
            ))}
        </div>
      ))}
      <div class="group">
        <Tool command={fullScreen} />
        <Tool command={changeTheme} label={themeLabel()} />
        <Tool command={changeLanguage} label={languageLabel()} />
        <Tool command={settings} />
        <Tool command={help} />
      </div>
    </nav>
  )
}
