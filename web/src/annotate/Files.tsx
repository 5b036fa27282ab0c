// SPDX-License-Identifier: Apache-2.0
/** Below the list: what happened, whether annotations are kept, and files. */

import type { JSX } from 'preact'

import { t } from '../words'
import { clear, exportFile, importFile } from './actions'
import { importing, message, summary } from './store'

export function Files({ name }: { readonly name: string }): JSX.Element {
  const running = importing.value
  const { count, notKept } = summary.value
  return (
    <footer>
      {notKept !== '' && (
        <p role="alert" class="not-kept">
          {notKeptText(notKept)}
        </p>
      )}
      <p role="status" class="quiet">
        {message.value}
      </p>
      {running ? (
        <p class="running">
          <progress max={1} value={running.done} aria-label={t('import')} />
          <button type="button" class="button" onClick={running.cancel}>
            {t('cancel')}
          </button>
        </p>
      ) : (
        <p class="files">
          <label class="button">
            {t('import GeoJSON …')}
            <input
              type="file"
              accept=".geojson,.json,.gz"
              onChange={(event) => {
                take(event.currentTarget.files)
                event.currentTarget.value = ''
              }}
            />
          </label>
          <button
            type="button"
            class="button"
            disabled={count === 0}
            onClick={() => void exportFile(name)}
          >
            {t('export')}
          </button>
          <button type="button" class="button" disabled={count === 0} onClick={() => void clear()}>
            {t('delete all')}
          </button>
        </p>
      )}
    </footer>
  )
}

function notKeptText(reason: string): string {
  if (reason === 'elsewhere')
    return t(
      'changed in another page too: changes made here are not kept; export them, then reload',
    )
  return reason === 'quota'
    ? t('the browser has no room left: these annotations are lost on reload; export them')
    : t('the browser keeps nothing for this page: annotations are lost on reload; export them')
}

/** Take a file that was dropped. */
export function dropped(event: DragEvent): void {
  event.preventDefault()
  take(event.dataTransfer?.files ?? null)
}

function take(files: FileList | null): void {
  const [file] = files ?? []
  if (file) void importFile(file)
}
