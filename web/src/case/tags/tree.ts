// SPDX-License-Identifier: Apache-2.0
/** A data set as a tree of its attributes, unfolded step by step, and the search through all of it. */

import type { DataSet, Element } from '../../dicom/json'
import { t } from '../../words'

/** Names of attributes by their tags. */
export type Names = Readonly<Record<string, string | undefined>>

export interface TagNode {
  /** Tags and item numbers from the root on; no other node has it. */
  readonly path: string
  /** `(0008,0018)`. */
  readonly tag: string
  readonly name: string
  readonly vr: string
  readonly value: string
  /** Items of a sequence; `null` of any other attribute. */
  readonly items: readonly DataSet[] | null
  /** Names of the sequences that it lies in, with the numbers of their items. */
  readonly within: string
}

const LONGEST_VALUE = 200

/** The attributes of a data set, in the order of their tags. */
export function nodesOf(dataSet: DataSet, names: Names, path = '', within = ''): TagNode[] {
  return Object.keys(dataSet)
    .sort()
    .flatMap((key) => {
      const element = dataSet[key]
      return element ? [nodeOf(key, element, names, path, within)] : []
    })
}

/** The attributes of an item of a sequence. */
export function itemNodes(node: TagNode, index: number, names: Names): TagNode[] {
  const within = [node.within, `${node.name} ${index + 1}`].filter(Boolean).join(' › ')
  return nodesOf(node.items?.[index] ?? {}, names, `${node.path}.${index}.`, within)
}

/**
 * Attributes whose name, tag or value has every word of a search, wherever they lie; at most so
 * many. Long sequences are looked through lazily, so that it ends as soon as there are enough.
 */
export function searched(dataSet: DataSet, names: Names, search: string, most: number): TagNode[] {
  const words = folded(search).split(/\s+/).filter(Boolean)
  const found: TagNode[] = []
  if (words.length === 0) return found
  const waiting = nodesOf(dataSet, names).reverse()
  for (let node = waiting.pop(); node && found.length < most; node = waiting.pop()) {
    const text = folded(`${node.tag} ${node.tag.replace(/\W/g, '')} ${node.name} ${node.value}`)
    const spaceless = text.replaceAll(' ', '')
    if (words.every((word) => text.includes(word) || spaceless.includes(word))) found.push(node)
    for (let index = (node.items?.length ?? 0) - 1; index >= 0; index--)
      waiting.push(...itemNodes(node, index, names).reverse())
  }
  return found
}

function nodeOf(
  key: string,
  element: Element,
  names: Names,
  path: string,
  within: string,
): TagNode {
  const items = element.vr === 'SQ' ? ((element.Value ?? []) as DataSet[]) : null
  return {
    path: `${path}${key}`,
    tag: `(${key.slice(0, 4)},${key.slice(4)})`,
    name: names[key] ?? (isPrivate(key) ? t('private') : t('unknown')),
    vr: element.vr ?? '',
    value: items ? '' : valueText(element),
    items,
    within,
  }
}

function isPrivate(key: string): boolean {
  return Number.parseInt(key.charAt(3), 16) % 2 === 1
}

function valueText({ Value, BulkDataURI, InlineBinary }: Element): string {
  if (BulkDataURI) return t('bulk data')
  if (InlineBinary) return t('{count} bytes', { count: Math.floor((InlineBinary.length * 3) / 4) })
  const values = (Value ?? []).slice(0, LONGEST_VALUE).map(oneValue)
  const text = values.join(' \\ ')
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text
}

function oneValue(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  if (typeof value === 'object' && value !== null) {
    return Object.values(value)
      .filter((part) => typeof part === 'string')
      .join(' = ')
  }
  return ''
}

function folded(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
}
