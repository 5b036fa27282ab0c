// SPDX-License-Identifier: Apache-2.0
/**
 * Words in the reader's language. English stands in the source and is the key; catalogues of other
 * languages are loaded when they are wanted. What a catalogue lacks is told in English.
 */

import { batch, computed, signal } from '@preact/signals'

import { heard } from './words/said'

export type Language = 'en' | 'de'
type Catalogue = Readonly<Record<string, string>>

/** Languages by their own names. */
export const LANGUAGES: Readonly<Record<Language, string>> = { en: 'English', de: 'Deutsch' }
const LANGUAGE_NAMES = Object.keys(LANGUAGES) as Language[]

const catalogue = signal<Catalogue>({})
const chosen = signal<Language>('en')
/** The language that is spoken. */
export const language = computed(() => chosen.value)

/** Mark a text that is told by `t` later, such as a command's label. */
export function msg(text: string): string {
  return text
}

/** A text in the reader's language; `{name}` is replaced by a value. */
export function t(text: string, values: Readonly<Record<string, string | number>> = {}): string {
  const told = catalogue.value[text] ?? text
  return told.replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place))
}

/** What was said by `said`, in the reader's language; what is in no catalogue stays as it is. */
export function retold(message: string): string {
  return t(...heard(message))
}

/** Speak a language from now on. */
export async function speak(wanted: Language): Promise<void> {
  const words = wanted === 'de' ? (await import('./words/de')).GERMAN : {}
  batch(() => {
    catalogue.value = words
    chosen.value = wanted
  })
  document.documentElement.lang = wanted
}

/** A language by its tag, such as `de-AT`. */
export function languageOf(tag: string | null): Language | null {
  const known = tag?.slice(0, 2).toLowerCase()
  return LANGUAGE_NAMES.find((name) => name === known) ?? null
}

/** The first language of the browser's that there is a catalogue of. */
export function preferred(wanted: readonly string[]): Language {
  return wanted.map(languageOf).find((known) => known !== null) ?? 'en'
}
