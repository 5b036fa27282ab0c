// SPDX-License-Identifier: Apache-2.0
/** Deleting, after one question that names what goes: it cannot be undone. */

import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

import { ORIGIN } from '../root'
import { identityHidden } from '../state'
import { t } from '../words'
import { findAgain } from '../worklist/store'
import { deleteResource, type Resource } from './resources'

interface Properties {
  readonly resource: Resource
  /** A case, a series, a file. */
  readonly what: string
  /** Which one. */
  readonly named: string
  /** How much goes with it. */
  readonly contents: string
  readonly onDeleted: () => void
  readonly isSmall?: boolean
}

/** What another server has is only read. */
export function DeleteButton(properties: Properties): JSX.Element | null {
  return ORIGIN === null ? <Button {...properties} /> : null
}

function Button(properties: Properties): JSX.Element {
  const isAsking = useSignal(false)
  return (
    <>
      <button
        type="button"
        class={properties.isSmall ? 'small-link' : 'button'}
        onClick={() => {
          isAsking.value = true
        }}
      >
        {t('delete…')}
      </button>
      {isAsking.value && (
        <Question
          {...properties}
          onDone={() => {
            isAsking.value = false
          }}
        />
      )}
    </>
  )
}

function Question({
  resource,
  what,
  named,
  contents,
  onDeleted,
  onDone,
}: Properties & { readonly onDone: () => void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null)
  const state = useSignal<'asking' | 'deleting'>('asking')
  const problem = useSignal('')
  useEffect(() => {
    dialog.current?.showModal()
  }, [])
  const carryOut = async (): Promise<void> => {
    state.value = 'deleting'
    try {
      await deleteResource(resource)
      dialog.current?.close()
      findAgain()
      onDeleted()
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error)
      state.value = 'asking'
    }
  }
  return (
    <dialog
      ref={dialog}
      class="question"
      aria-label={t('delete {what}?', { what })}
      onClose={onDone}
    >
      <h2>{t('delete {what}?', { what })}</h2>
      <p class="question-what">{identityHidden.value ? t('identity hidden') : named}</p>
      <p>{contents}</p>
      <p>{t('This cannot be undone.')}</p>
      {problem.value && (
        <p class="remark" role="alert">
          {problem.value}
        </p>
      )}
      <p class="question-buttons">
        <button type="button" class="button" autofocus onClick={() => dialog.current?.close()}>
          {t('keep')}
        </button>
        <button
          type="button"
          class="button danger"
          disabled={state.value === 'deleting'}
          onClick={() => void carryOut()}
        >
          {t('delete')}
        </button>
      </p>
    </dialog>
  )
}
