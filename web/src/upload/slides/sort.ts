// SPDX-License-Identifier: Apache-2.0
/** Which files are one slide: most are one file, some name or have companions beside them. */

import type { NamedFile } from '../dropped'
import { isForeignSlide } from '../kinds'

/** The files of one slide; the first is the one that is opened. */
export interface SlideFiles {
  readonly name: string
  readonly files: readonly NamedFile[]
}

export interface Sorted {
  readonly slides: readonly SlideFiles[]
  /** What lies beside slides in a folder, and is part of none. */
  readonly others: readonly NamedFile[]
}

/** Texts that name their companions; no other such file is longer. */
const NAMING = /\.(vms|vmu|ndpis)$/i
const LONGEST_NAMING = 1 << 20
/** Companions lie in a folder of the slide's name: MIRAX `a/`, Olympus `_a_/`. */
const WITH_FOLDER = /\.(mrxs|vsi)$/i
const PACKED = /\.zip$/i

/**
 * Put files together to slides. What was chosen by itself is taken for a slide, whatever its name:
 * the server judges; in a folder only what is named like one, as much else may lie there.
 */
export async function sortSlides(files: readonly NamedFile[]): Promise<Sorted> {
  const taken = new Set<NamedFile>()
  const slides: SlideFiles[] = []
  for (const head of files.filter(({ file }) => hasCompanions(file.name))) {
    const companions = await companionsOf(head, files)
    for (const each of [head, ...companions]) taken.add(each)
    slides.push({ name: head.file.name, files: [head, ...companions] })
  }
  const left = files.filter((each) => !taken.has(each))
  const alone = left.filter(isTakenForSlide)
  slides.push(...alone.map((each) => ({ name: each.file.name, files: [each] })))
  return { slides, others: left.filter((each) => !alone.includes(each)) }
}

function hasCompanions(name: string): boolean {
  return WITH_FOLDER.test(name) || NAMING.test(name)
}

function isTakenForSlide({ file, path }: NamedFile): boolean {
  return !path.includes('/') || isForeignSlide(file.name) || PACKED.test(file.name)
}

async function companionsOf(head: NamedFile, files: readonly NamedFile[]): Promise<NamedFile[]> {
  const folder = folderOf(head.path)
  if (WITH_FOLDER.test(head.file.name)) {
    const stem = head.file.name.replace(/\.[^.]*$/, '')
    const places = [`${folder}${stem}/`, `${folder}_${stem}_/`]
    return files.filter(({ path }) => places.some((place) => path.startsWith(place)))
  }
  const text = await head.file.slice(0, LONGEST_NAMING).text()
  const beside = files.filter((each) => each !== head && folderOf(each.path) === folder)
  return beside.filter(({ file }) => text.includes(file.name))
}

/** The folder of a path, with a slash at its end; empty where it lies in none. */
export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1)
}
