// SPDX-License-Identifier: Apache-2.0
/**
 * Ten colours for what is drawn on tissue: apart from each other, from the pinks and violets of
 * haematoxylin and eosin and from the white of glass, for eyes without red or green receptors too
 * (`palette.test.ts` measures that).
 */

import { msg } from '../words'

export const PALETTE = [
  { name: msg('blue'), colour: '#0057ff' },
  { name: msg('yellow'), colour: '#ffe100' },
  { name: msg('black'), colour: '#000000' },
  { name: msg('forest'), colour: '#003300' },
  { name: msg('rust'), colour: '#cc6600' },
  { name: msg('navy'), colour: '#000066' },
  { name: msg('orange'), colour: '#ff9933' },
  { name: msg('rose'), colour: '#cc6699' },
  { name: msg('sky'), colour: '#3399ff' },
  { name: msg('ultramarine'), colour: '#0000cc' },
] as const
