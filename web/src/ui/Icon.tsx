// SPDX-License-Identifier: Apache-2.0
/** One set of line icons, 20 px. They say nothing by themselves: the button has the label. */

import type { JSX } from 'preact'

const PATHS = {
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  home: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5M9 9h6v6H9z',
  rotateLeft:
    'M11 10.500h9.500v10H11zM16.500 5.500a10.500 10.500 0 0 0-11 10M2 12.500l3.500 3.500 3.500-3.500',
  rotateRight:
    'M13 10.500H3.500v10H13zM7.500 5.500a10.500 10.500 0 0 1 11 10M22 12.500l-3.500 3.500-3.500-3.500',
  fullScreen: 'M9 4H4v5M15 4h5v5M9 20H4v-5M15 20h5v-5',
  theme: 'M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18z',
  language:
    'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM3 12h18M12 3c3 2.500 4 5.500 4 9s-1 6.500-4 9c-3-2.500-4-5.500-4-9s1-6.500 4-9z',
  label: 'M4 7.500V19a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1V5a1 1 0 0 0-1-1H7.500zM8 10h8M8 13h8M8 16h4',
  overview: 'M4 5h16v14H4zM12 12h5v4h-5z',
  info: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5M12 7.800v.1',
  annotations: 'M4 20l1-4L16 5l3 3L8 19zM14 7l3 3',
  layers: 'M12 4l9 5-9 5-9-5zM3 13.500l9 5 9-5',
  strip: 'M4 4h6v16H4zM4 9.300h6M4 14.700h6M14 6h6M14 12h6M14 18h6',
  help: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9.500 9.500a2.500 2.500 0 1 1 3.500 2.300c-.7.3-1 .8-1 1.700M12 16.500v.1',
  back: 'M14.500 5.500 8 12l6.500 6.500',
  search: 'M10.500 4a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13zM15.500 15.500 20 20',
  mirror: 'M12 3v18M9 7 3.500 17H9zM15 7l5.500 10H15z',
  target: 'M12 6a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM12 2v5M12 17v5M2 12h5M17 12h5',
  measure: 'M3.500 15.500l12-12 5 5-12 12zM7 12l2 2M10 9l2.500 2.500M13 6l2 2',
  picture: 'M4 7h9M17 7h3M4 17h3M11 17h9M13 4.500h4v5h-4zM7 14.500h4v5H7z',
  channels: 'M9 4a6 6 0 1 0 0 12A6 6 0 0 0 9 4zM15 8a6 6 0 1 0 0 12 6 6 0 0 0 0-12z',
  lower: 'M12 5v14M6 13l6 6 6-6',
  higher: 'M12 19V5M6 11l6-6 6 6',
  side: 'M3.500 5h7v14h-7zM13.500 5h7v14h-7z',
  over: 'M4 4h11v11H4zM9 9h11v11H9z',
  swipe: 'M4 5h16v14H4zM12 2.500v19M15 9l2.500 3-2.500 3',
  chain:
    'M10 14a4 4 0 0 0 6 .500l2.500-2.500a4 4 0 0 0-6-6L11 7.500M14 10a4 4 0 0 0-6-.500L5.500 12a4 4 0 0 0 6 6l1.500-1.500',
  chainOpen:
    'M15.500 15l3-3a4 4 0 0 0-6-6l-1.500 1.500M8.500 9l-3 3a4 4 0 0 0 6 6l1.500-1.500M4 4l3 3M20 20l-3-3',
  undo: 'M8 5 4 9l4 4M4 9h10a5.500 5.500 0 0 1 0 11H9',
  redo: 'M16 5l4 4-4 4M20 9H10a5.500 5.500 0 0 0 0 11h5',
  addSlide: 'M4 5h9v14H4zM18.500 9v6M15.500 12h6',
  camera: 'M4 8h4l1.500-2.500h5L16 8h4v11H4zM12 10a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7z',
  share:
    'M10 14a4 4 0 0 0 5.700 0l3-3a4 4 0 0 0-5.700-5.700l-1 1M14 10a4 4 0 0 0-5.700 0l-3 3A4 4 0 0 0 11 18.700l1-1',
  settings:
    'M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM12 3v3M12 18v3M3 12h3M18 12h3M5.600 5.600l2.100 2.100M16.300 16.300l2.100 2.100M18.400 5.600l-2.100 2.100M7.700 16.300l-2.100 2.100',
  close: 'M6 6l12 12M18 6 6 18',
} as const

export type IconName = keyof typeof PATHS

export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  )
}
