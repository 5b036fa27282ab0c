// SPDX-License-Identifier: Apache-2.0
/** The files of a series, unfolded: each with its attributes, to download or to delete. */

import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'

import { file, navigate, openCase, slideKey } from '../state'
import { grouped } from '../ui/format'
import { t } from '../words'
import { instancesOf, reloadCase, type Instance } from './contents'
import { DeleteButton } from './DeleteButton'
import { Download } from './Download'

interface Properties {
  readonly study: string
  readonly series: string
  /** What the series is called. */
  readonly name: string
  readonly count: number | null
}

export function SeriesFiles({ study, series, name, count }: Properties): JSX.Element {
  const isOpen = useSignal(false)
  const files = count === 1 ? t('1 file') : t('{count} files', { count: count ?? '?' })
  return (
    <details
      class="series-files"
      onToggle={(event) => {
        isOpen.value = event.currentTarget.open
      }}
    >
      <summary>{files}</summary>
      {isOpen.value && (
        <>
          <div class="series-actions">
            <Download of={{ study, series }} />
            <DeleteButton
              resource={{ study, series }}
              what={t('the series')}
              named={name}
              contents={files}
              onDeleted={() => {
                void leave(study, series)
              }}
            />
          </div>
          <InstanceList study={study} series={series} />
        </>
      )}
    </details>
  )
}

/** A slide that is gone is not shown any more. */
async function leave(study: string, series: string): Promise<void> {
  await reloadCase()
  if (slideKey.value?.series === series) openCase(study)
}

function InstanceList({
  study,
  series,
}: {
  readonly study: string
  readonly series: string
}): JSX.Element {
  const found = useSignal<readonly Instance[] | null>(null)
  const isMore = useSignal(false)
  const problem = useSignal('')
  const load = async (offset: number): Promise<void> => {
    try {
      const page = await instancesOf(study, series, offset)
      found.value = [...(offset ? (found.value ?? []) : []), ...page.instances]
      isMore.value = page.isMore
      problem.value = ''
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error)
    }
  }
  if (!found.value && !problem.value) void load(0)
  const deleted = async (): Promise<void> => {
    await Promise.all([load(0), reloadCase()])
    if (found.value?.length === 0) navigate(null)
  }
  return (
    <ul class="instances">
      {found.value?.toSorted(byNumber).map((each) => (
        <InstanceItem
          key={each.instance}
          of={each}
          resource={{ study, series, instance: each.instance }}
          onDeleted={() => void deleted()}
        />
      ))}
      {problem.value && <li class="remark">{problem.value}</li>}
      {(isMore.value || problem.value) && (
        <li>
          <button type="button" class="button" onClick={() => void load(found.value?.length ?? 0)}>
            {problem.value ? t('try again') : t('more')}
          </button>
        </li>
      )}
    </ul>
  )
}

function byNumber(a: Instance, b: Instance): number {
  return (a.number ?? 0) - (b.number ?? 0)
}

function InstanceItem({
  of,
  resource,
  onDeleted,
}: {
  readonly of: Instance
  readonly resource: { readonly study: string; readonly series: string; readonly instance: string }
  readonly onDeleted: () => void
}): JSX.Element {
  const name = [of.number, of.flavour?.toLowerCase()].filter((part) => part !== null).join(' · ')
  const size = of.columns && of.rows ? `${grouped(of.columns)} × ${grouped(of.rows)}` : ''
  return (
    <li>
      <button
        type="button"
        class="instance-tags"
        title={resource.instance}
        onClick={() => {
          file.value = `${resource.series}/${resource.instance}`
        }}
      >
        {name || t('file')} <span class="quiet">{size}</span>
      </button>
      <Download of={resource} isSmall />
      <DeleteButton
        resource={resource}
        what={t('one file of the series')}
        named={[name, size, resource.instance].filter(Boolean).join(' · ')}
        contents={t('What is left of a slide may not be shown any more.')}
        onDeleted={onDeleted}
        isSmall
      />
    </li>
  )
}
