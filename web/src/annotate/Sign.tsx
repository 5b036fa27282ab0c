// SPDX-License-Identifier: Apache-2.0
/** Line icons of the annotation tools, 20 px, in the style of the page's own set. */

import type { JSX } from 'preact'

const PATHS = {
  edit: 'M6 4v14l4-4 2.500 6 2.500-1-2.500-6H18z',
  point: 'M12 10a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM12 3v4M12 17v4M3 12h4M17 12h4',
  line: 'M4 18 9 8l6 7 5-10M4 18v.1M20 5v.1',
  polygon: 'M5 9l7-5 8 6-4 10H7z',
  freehand: 'M4 15c2-8 6-10 8-7s-4 7-1 9 5-6 9-5',
  rectangle: 'M4 6h16v12H4z',
  ellipse: 'M12 6c5 0 9 2.700 9 6s-4 6-9 6-9-2.700-9-6 4-6 9-6z',
  cut: 'M4 5h16v14H4zM9 10h6v4H9z',
  merge: 'M4 8h10v10H4zM10 4h10v10h-6M10 4v4',
  subtract: 'M4 4h11v6h-5v5H4zM10 10h10v10H10zM13 15h4',
  undo: 'M8 5 4 9l4 4M4 9h10a5 5 0 0 1 0 10h-3',
  redo: 'M16 5l4 4-4 4M20 9H10a5 5 0 0 0 0 10h3',
  duplicate: 'M8 8h11v11H8zM5 15V5h10',
  remove: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.500 10.500v6M13.500 10.500v6',
  shown:
    'M3 12c3-5 6-7 9-7s6 2 9 7c-3 5-6 7-9 7s-6-2-9-7zM12 9.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5z',
  hidden:
    'M4 4l16 16M9 6c1-.6 2-.8 3-.8 3 0 6 2 9 7-1 1.600-2 3-3 4M6 8c-1 1-2 2.400-3 4 3 5 6 7 9 7 1 0 2-.2 3-.7',
  find: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5M12 12v.1',
} as const

export type SignName = keyof typeof PATHS

export function Sign({ name }: { readonly name: SignName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  )
}
