// SPDX-License-Identifier: Apache-2.0
/** What stains are called at the bench, and a part of the meaning of their codes (CID 8112, SCT). */

const STAINS: Readonly<Record<string, string>> = {
  'h&e': '*eosin*',
  he: '*eosin*',
  hematoxylin: '*hematoxylin*',
  haematoxylin: '*hematoxylin*',
  hämatoxylin: '*hematoxylin*',
  eosin: '*eosin*',
  pas: '*eriodic acid Schiff*',
  giemsa: '*Giemsa*',
  trichrome: '*trichrome*',
  masson: '*Masson*',
  pap: '*Papanicolaou*',
  papanicolaou: '*Papanicolaou*',
  dapi: '*DAPI*',
  gram: '*Gram*',
  'van gieson': '*Gieson*',
  'ziehl-neelsen': '*Ziehl*',
  reticulin: '*eticulin*',
  'congo red': '*ongo red*',
  alcian: '*lcian*',
}

/** The pattern of a stain's meaning; `null` where the word is no stain's name. */
export function stainNamed(word: string): string | null {
  return STAINS[word.toLowerCase()] ?? null
}
