// SPDX-License-Identifier: Apache-2.0
/** How the viewer is built: hashed files under assets/, nothing inline, nothing from elsewhere. */

import { fileURLToPath } from 'node:url'
import { defineConfig, type Plugin } from 'vite'

/** A server to develop against: `TILESERVER=http://127.0.0.1:8042 npm run dev`. */
const server = process.env.TILESERVER ?? 'http://127.0.0.1:8042'

/**
 * A map of OpenLayers brings controls and interactions for maps that name none, and asks whether
 * layers are vectors with labels that give way. Ours names its own and has no such layers; and a
 * slide has one projection, in which its tiles are seen. So all this, a fifth of the program, need
 * not be there for the first picture.
 */
const LEFT_OUT: readonly (readonly [by: string, what: string])[] = [
  ['/ol/Map.js', './control/defaults.js'],
  ['/ol/Map.js', './interaction/defaults.js'],
  ['/ol/renderer/Composite.js', '../layer/BaseVector.js'],
  ['/ol/source/DataTile.js', '../reproj/DataTile.js'],
  ['/ol/renderer/canvas/TileLayer.js', '../../reproj/Tile.js'],
]
const leavingOut: Plugin = {
  name: 'leaving-out',
  enforce: 'pre',
  resolveId: (source, importer = '') =>
    LEFT_OUT.some(([by, what]) => importer.endsWith(by) && source === what)
      ? fileURLToPath(new URL('src/map/leftOut.ts', import.meta.url))
      : null,
}

export default defineConfig({
  plugins: [leavingOut],
  build: {
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    target: 'es2023',
  },
  // Files that scripts load are named from the script on, so that a path of a proxy may lie before.
  experimental: {
    renderBuiltUrl: (_, { hostType }) => (hostType === 'js' ? { relative: true } : undefined),
  },
  worker: { format: 'es' },
  server: { proxy: { '/api': server, '/dicomweb': server } },
})
