// SPDX-License-Identifier: Apache-2.0
/** A page that files can be dropped on anywhere, and the buttons that choose them. */

import { useSignal } from '@preact/signals'
import type { ComponentChildren, JSX } from 'preact'
import { useRef } from 'preact/hooks'

import { t } from '../words'
import { chosenFiles, droppedFiles } from './dropped'
import { send } from './store'
import { UploadPanel } from './UploadPanel'

import './upload.css'

export function UploadArea({ children }: { readonly children: ComponentChildren }): JSX.Element {
  const isOver = useSignal(false)
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
      {isOver.value && <p class="drop-hint">{t('drop DICOM files or folders to store them')}</p>}
      <UploadPanel />
    </div>
  )
}

/** Buttons that choose files or a whole folder. */
export function ChooseFiles(): JSX.Element {
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
