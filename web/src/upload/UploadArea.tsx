// SPDX-License-Identifier: Apache-2.0
/** A page that files can be dropped on anywhere, and the buttons that choose them. */

import { useSignal } from '@preact/signals'
import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

import { recall } from '../habits'
import { ORIGIN } from '../root'
import { t } from '../words'
import { recallConverting } from './converting'
import { chosenFiles, droppedFiles } from './dropped'
import { loadSlides, send, slides } from './store'
import { UploadPanel } from './UploadPanel'

import './upload.css'

interface Properties {
  readonly children: ComponentChildren
}

/** Nothing is dropped on what another server has: it is only read from. */
export function UploadArea({ children }: Properties): JSX.Element {
  if (ORIGIN !== null) return <div class="upload-area">{children}</div>
  return <DropArea>{children}</DropArea>
}

function DropArea({ children }: Properties): JSX.Element {
  const isOver = useSignal(false)
  const SlidePanel = slides.value?.SlidePanel
  useEffect(tellOfEarlier, [])
  const over = (event: DragEvent): void => {
    if (!event.dataTransfer?.types.includes('Files')) return
    event.preventDefault()
    isOver.value = true
  }
  return (
    <div
      class="upload-area"
      data-over={isOver.value}
      onDragEnter={over}
      onDragOver={over}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) isOver.value = false
      }}
      onDrop={(event) => {
        isOver.value = false
        if (!event.dataTransfer) return
        event.preventDefault()
        void droppedFiles(event.dataTransfer).then(send)
      }}
    >
      {children}
      {isOver.value && (
        <p class="drop-hint">{t('drop slides, DICOM files or folders to store them')}</p>
      )}
      <div class="upload-panels">
        {SlidePanel && <SlidePanel />}
        <UploadPanel />
      </div>
    </div>
  )
}

/** Uploads that ended with their page are told of (`slides/remembered`), and what became of others. */
function tellOfEarlier(): void {
  const wasBrokenOff = (recall('uploads') ?? '[]') !== '[]'
  if (wasBrokenOff || recallConverting().length > 0) void loadSlides().catch(() => undefined)
}

/** Buttons that choose files or a whole folder. */
export function ChooseFiles(): JSX.Element | null {
  if (ORIGIN !== null) return null
  return (
    <>
      <Choose label={t('store files…')} isFolder={false} />
      <Choose label={t('folder…')} isFolder />
    </>
  )
}

function Choose({
  label,
  isFolder,
}: {
  readonly label: string
  readonly isFolder: boolean
}): JSX.Element {
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <button type="button" class="button" onClick={() => input.current?.click()}>
        {label}
      </button>
      <input
        ref={input}
        type="file"
        hidden
        multiple
        aria-label={label}
        {...(isFolder && { webkitdirectory: true })}
        onChange={({ currentTarget }) => {
          if (currentTarget.files) void send(chosenFiles(currentTarget.files))
          currentTarget.value = ''
        }}
      />
    </>
  )
}
