// SPDX-License-Identifier: Apache-2.0
/** Handing a picture on: as a file, to the clipboard, to paper. */

import { t } from '../words'

/** The picture as PNG. */
export function pngOf(canvas: HTMLCanvasElement): Promise<Blob> {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob) resolve(blob)
      else reject(new Error(t('the picture is too large')))
    }, 'image/png')
  })
}

/** Let the browser save a file. */
export function save(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob)
  const link = Object.assign(document.createElement('a'), { href: address, download: name })
  link.click()
  // The browser takes the bytes once it has asked the reader where to.
  setTimeout(() => {
    URL.revokeObjectURL(address)
  }, 60_000)
}

/** Whether this page may put pictures on the clipboard: browsers let only secure pages. */
export function canCopy(): boolean {
  return isSecureContext && 'ClipboardItem' in globalThis
}

/** Put a picture on the clipboard, though it is still being made: the click is what allows it. */
export async function copy(png: Promise<Blob>): Promise<void> {
  await navigator.clipboard.write([new ClipboardItem({ 'image/png': png })])
}

/** Print a picture with its caption on a page of its own. */
export async function print(blob: Blob, caption: readonly string[]): Promise<void> {
  const address = URL.createObjectURL(blob)
  const sheet = document.createElement('figure')
  sheet.className = 'print-sheet'
  const image = Object.assign(document.createElement('img'), { alt: '' })
  const below = document.createElement('figcaption')
  for (const line of caption) {
    const paragraph = document.createElement('p')
    paragraph.textContent = line
    below.append(paragraph)
  }
  sheet.append(image, below)
  document.body.append(sheet)
  const done = (): void => {
    sheet.remove()
    URL.revokeObjectURL(address)
  }
  try {
    await loaded(image, address)
  } catch (error) {
    done()
    throw error
  }
  addEventListener('afterprint', done, { once: true })
  globalThis.print()
}

/** Load a picture. To wait for `decode()` is to wait for the screen, which a busy browser puts off. */
function loaded(image: HTMLImageElement, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    image.onload = () => {
      resolve()
    }
    image.onerror = () => {
      reject(new Error(t('the picture cannot be decoded')))
    }
    image.src = address
  })
}
