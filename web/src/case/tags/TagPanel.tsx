// SPDX-License-Identifier: Apache-2.0
/** All attributes of a file, as the server tells them: a tree to unfold, and a search through it. */

import { computed, useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'

import { dataSets, getDicomJson } from '../../api'
import type { DataSet } from '../../dicom/json'
import { DICOMWEB } from '../../root'
import { caseStudy, file, identityHidden, LOADING, type Loadable } from '../../state'
import { onEscape } from '../../ui/escape'
import { Icon } from '../../ui/Icon'
import { t } from '../../words'
import { addressOf, type Resource } from '../resources'
import { itemNodes, nodesOf, searched, type Names, type TagNode } from './tree'

/** Found attributes shown; a search of one letter would find thousands. */
const MOST_FOUND = 200
/** Items of a sequence that are shown at a time. */
const ITEMS = 50

/** The file whose attributes are shown, by the address. */
const shownFile = computed<Required<Resource> | null>(() => {
  const [study, [series, instance]] = [caseStudy.value, (file.value ?? '').split('/')]
  return study && series && instance ? { study, series, instance } : null
})

onEscape(() => {
  const isOpen = file.value !== null
  file.value = null
  return isOpen
})

interface Loaded {
  readonly dataSet: DataSet
  readonly names: Names
}

export function TagPanel(): JSX.Element | null {
  const resource = shownFile.value
  return resource && <OpenPanel key={resource.instance} resource={resource} />
}

function OpenPanel({ resource }: { readonly resource: Required<Resource> }): JSX.Element {
  const loaded = useSignal<Loadable<Loaded>>(LOADING)
  const search = useSignal('')
  useEffect(() => {
    const controller = new AbortController()
    void load(resource, controller.signal).then((found) => {
      if (!controller.signal.aborted) loaded.value = found
    })
    return () => {
      controller.abort()
    }
  }, [resource])
  const title = t('attributes')
  return (
    <aside class="tag-panel" aria-label={title}>
      <header>
        <h2>{title}</h2>
        <input
          type="search"
          class="tag-search"
          aria-label={t('search attributes')}
          placeholder={t('name, tag or value')}
          value={search.value}
          onInput={(event) => {
            search.value = event.currentTarget.value
          }}
        />
        <button
          type="button"
          class="tool"
          aria-label={t('close {panel}', { panel: title })}
          onClick={() => {
            file.value = null
          }}
        >
          <Icon name="close" />
        </button>
      </header>
      <code class="tag-uid">{resource.instance}</code>
      <div class="tag-body">
        <Body loaded={loaded.value} search={search.value} />
      </div>
    </aside>
  )
}

function Body({
  loaded,
  search,
}: {
  readonly loaded: Loadable<Loaded>
  readonly search: string
}): JSX.Element {
  if (loaded.state === 'loading') return <p class="quiet">{t('reading attributes…')}</p>
  if (loaded.state === 'failed') return <p class="remark">{loaded.message}</p>
  const { dataSet, names } = loaded.value
  if (!search.trim()) return <Nodes nodes={nodesOf(dataSet, names)} names={names} />
  const found = searched(dataSet, names, search, MOST_FOUND)
  return (
    <>
      <p class="quiet" role="status">
        {found.length === MOST_FOUND
          ? t('the first {count} attributes found', { count: MOST_FOUND })
          : t('{count} attributes found', { count: found.length })}
      </p>
      <Nodes nodes={found} names={names} />
    </>
  )
}

function Nodes({
  nodes,
  names,
}: {
  readonly nodes: readonly TagNode[]
  readonly names: Names
}): JSX.Element {
  return (
    <ul class="tags">
      {nodes.map((node) => (
        <li key={node.path}>
          {node.within && <span class="quiet tag-within">{node.within}</span>}
          {node.items ? <Sequence node={node} names={names} /> : <Line node={node} />}
        </li>
      ))}
    </ul>
  )
}

function Line({ node }: { readonly node: TagNode }): JSX.Element {
  const isPersonal = /^\(0010,|^\(0008,0050/.test(node.tag)
  return (
    <div class="tag-line">
      <code>{node.tag}</code>
      <span class="tag-vr quiet">{node.vr}</span>
      <span class="tag-name">{node.name}</span>
      <span class="tag-value">{isPersonal && identityHidden.value ? t('hidden') : node.value}</span>
    </div>
  )
}

function Sequence({ node, names }: { readonly node: TagNode; readonly names: Names }): JSX.Element {
  const isOpen = useSignal(false)
  const shown = useSignal(ITEMS)
  const count = node.items?.length ?? 0
  return (
    <details
      onToggle={(event) => {
        isOpen.value = event.currentTarget.open
      }}
    >
      <summary class="tag-line">
        <code>{node.tag}</code>
        <span class="tag-vr quiet">SQ</span>
        <span class="tag-name">{node.name}</span>
        <span class="tag-value quiet">
          {count === 1 ? t('1 item') : t('{count} items', { count })}
        </span>
      </summary>
      {isOpen.value &&
        Array.from({ length: Math.min(count, shown.value) }, (_, index) => (
          <section key={index} class="tag-item">
            <h3>{index + 1}</h3>
            <Nodes
              nodes={itemNodes(node, index, names).map((each) => ({ ...each, within: '' }))}
              names={names}
            />
          </section>
        ))}
      {isOpen.value && count > shown.value && (
        <button
          type="button"
          class="button"
          onClick={() => {
            shown.value += ITEMS
          }}
        >
          {t('more')}
        </button>
      )}
    </details>
  )
}

async function load(resource: Resource, signal: AbortSignal): Promise<Loadable<Loaded>> {
  try {
    const path = addressOf(resource).slice(DICOMWEB.length)
    const [answer, names] = await Promise.all([
      getDicomJson(`${path}/metadata`, signal),
      import('./dictionary.json'),
    ])
    const [dataSet = {}] = await dataSets(answer)
    return { state: 'ready', value: { dataSet, names: names.default } }
  } catch (error) {
    return { state: 'failed', message: error instanceof Error ? error.message : String(error) }
  }
}
