// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'

import { rootOf } from './root'

test.each([
  ['http://127.0.0.1:8042/assets/index-a1.js', ''],
  ['https://host.example/pacs/assets/index-a1.js', '/pacs'],
  ['https://host.example/a/b.c/assets/index-a1.js', '/a/b.c'],
  ['https://host.example/assets/assets/index-a1.js', '/assets'],
  ['http://localhost:5173/src/root.ts', ''],
  ['http://localhost:5173/src/root.ts?t=1', ''],
  ['file:///home/user/web/src/root.ts', ''],
])('%s is below %s', (module, root) => {
  expect(rootOf(module)).toBe(root)
})
