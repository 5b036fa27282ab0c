// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'

import { originOf, rootOf } from './root'

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

test.each([
  ['/origins/lab/', '', 'lab'],
  ['/origins/lab-2/studies/1.2/series/3', '', 'lab-2'],
  ['/pacs/origins/lab/', '/pacs', 'lab'],
  ['/origins/lab', '', null],
  ['/studies/1.2', '', null],
  ['/other/origins/lab/', '', null],
  ['/origins/<b>/', '', null],
])('%s below %j is a page of %s', (path, root, origin) => {
  expect(originOf(path, root)).toBe(origin)
})
