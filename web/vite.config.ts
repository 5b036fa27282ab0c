// SPDX-License-Identifier: Apache-2.0
/** How the viewer is built: hashed files under assets/, nothing inline, nothing from elsewhere. */

import { defineConfig } from 'vite'

/** A server to develop against: `TILESERVER=http://127.0.0.1:8042 npm run dev`. */
const server = process.env.TILESERVER ?? 'http://127.0.0.1:8042'

export default defineConfig({
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
  server: { proxy: { '/dicomweb': server } },
})
