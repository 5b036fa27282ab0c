// SPDX-License-Identifier: Apache-2.0
/** What a reader does with annotations: each asks the worker and takes over what it tells. */

import { currentMap } from '../map/current'
import { moved, type Box } from '../vector/shape'
import { viewed } from '../state'
import { retold, t } from '../words'
import { grouped } from '../ui/format'
import type { Change, Drawn, Summary, Words } from './model'
import {
  filter,
  importing,
  message,
  pen,
  selected,
  selectedIds,
  summary,
  tool,
  worker,
} from './store'

interface Changed {
  readonly summary: Summary
  readonly ids: readonly number[]
}

/** Select annotations by their ids. */
export async function select(ids: readonly number[]): Promise<void> {
  selected.value = ids.length > 0 ? ((await worker.value?.call('get', ids)) ?? []) : []
}

/** Select one more, or one less. */
export async function toggleSelected(id: number): Promise<void> {
  const others = selectedIds.value.filter((each) => each !== id)
  await select(others.length < selected.value.length ? others : [...selectedIds.value, id])
}

async function take(changed: Promise<Changed> | undefined, keepSelection = false): Promise<void> {
  const told = await changed
  if (!told) return
  await select(keepSelection ? selectedIds.value : told.ids)
  summary.value = told.summary
}

export function add(drawn: Drawn): Promise<void> {
  return take(worker.value?.call('add', [drawn]))
}

export function apply(changes: readonly Change[]): Promise<void> {
  return take(worker.value?.call('apply', changes), true)
}

/** Say something else of what is selected, and of what is drawn next. */
export async function say(words: Partial<Words>): Promise<void> {
  if (selected.value.length === 0) pen.value = { ...pen.value, ...words }
  else await apply(selected.value.map((each) => ({ id: each.id, after: { ...each, ...words } })))
}

export async function undo(): Promise<void> {
  await take(worker.value?.call('undo', undefined), true)
  message.value = t('undone')
}

export async function redo(): Promise<void> {
  await take(worker.value?.call('redo', undefined), true)
  message.value = t('done again')
}

export async function remove(): Promise<void> {
  const ids = selectedIds.value
  if (ids.length === 0) return
  await take(worker.value?.call('remove', ids))
  message.value = t('{count} deleted; undo brings back', { count: ids.length })
}

export async function clear(): Promise<void> {
  await take(worker.value?.call('clear', undefined))
  message.value = t('all deleted; undo brings back')
}

/** Another of each that is selected, a little aside. */
export async function duplicate(): Promise<void> {
  const aside = 16 * (viewed.value?.downsample ?? 1)
  const copies = selected.value.map((each) => ({ ...each, shape: moved(each.shape, aside, aside) }))
  if (copies.length > 0) await take(worker.value?.call('add', copies))
}

export async function merge(): Promise<void> {
  await take(worker.value?.call('merge', selectedIds.value))
}

export async function subtract(): Promise<void> {
  await take(worker.value?.call('subtract', selectedIds.value))
}

/** Cut what was drawn out of what is selected. */
export async function cut(drawn: Drawn): Promise<void> {
  await take(worker.value?.call('cut', { ids: selectedIds.value, shape: drawn.shape }))
  tool.value = 'edit'
}

export async function setHidden(ids: readonly number[] | string, hidden: boolean): Promise<void> {
  summary.value = (await worker.value?.call('hide', { ids, hidden })) ?? summary.value
}

export async function setAllHidden(hidden: boolean): Promise<void> {
  summary.value = (await worker.value?.call('hideAll', hidden)) ?? summary.value
}

/** Show annotations in the middle of the screen. */
export async function zoomTo(ids: readonly number[]): Promise<void> {
  const box = await worker.value?.call('box', ids)
  const screen = viewed.value?.screen
  if (box && screen) goTo(box, screen.width, screen.height)
}

function goTo(box: Box, width: number, height: number): void {
  const room = Math.max((box.right - box.left) / width, (box.bottom - box.top) / height)
  const now = viewed.value?.downsample ?? 1
  currentMap.value?.go({
    centre: { x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2 },
    downsample: room > 0 ? Math.max(0.5, 2.5 * room) : Math.min(now, 1),
  })
}

/** Read a file of GeoJSON; it can be cancelled. */
export async function importFile(file: File): Promise<void> {
  const controller = new AbortController()
  const cancel = (): void => {
    controller.abort()
  }
  const progress = (done: number): void => {
    if (importing.value) importing.value = { done, cancel }
  }
  importing.value = { done: 0, cancel }
  message.value = t('reading {file}', { file: file.name })
  try {
    const told = await worker.value?.call('import', file, { signal: controller.signal, progress })
    if (told) {
      summary.value = told.summary
      message.value = importedText(told.added, told.left)
    }
  } catch (error) {
    message.value = controller.signal.aborted
      ? t('nothing was imported: cancelled')
      : t('{file} could not be read as GeoJSON: {reason}', {
          file: file.name,
          reason: retold(error instanceof Error ? error.message : String(error)),
        })
  } finally {
    importing.value = null
  }
}

function importedText(added: number, left: number): string {
  const text = t('{count} imported', { count: grouped(added) })
  if (left === 0) return text
  return `${text}; ${t('{count} features without a usable shape were left out', { count: grouped(left) })}`
}

/** Save all annotations as a file. */
export async function exportFile(name: string): Promise<void> {
  const blob = await worker.value?.call('export', undefined)
  if (!blob) return
  const address = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = address
  link.download = `${name}.geojson`
  link.click()
  setTimeout(() => {
    URL.revokeObjectURL(address)
  }, 60_000)
}

/** Leave the tool, then the selection; tells whether there was one. */
export function leave(): boolean {
  if (tool.value !== null) {
    tool.value = null
    return true
  }
  if (selected.value.length === 0) return false
  selected.value = []
  return true
}

/** Hide what the filter does not find, by showing only what it does. */
export async function showOnlyMatches(): Promise<void> {
  await setHidden('', true)
  await setHidden(filter.value, false)
}
