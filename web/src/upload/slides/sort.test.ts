// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'

import type { NamedFile } from '../dropped'
import { sortSlides } from './sort'

function named(path: string, text = ''): NamedFile {
  return { file: new File([text], path.replace(/.*\//, '')), path }
}

async function sorted(files: readonly NamedFile[]) {
  const { slides, others } = await sortSlides(files)
  return {
    slides: slides.map(({ files }) => files.map(({ path }) => path)),
    others: others.map(({ path }) => path),
  }
}

describe('sortSlides', () => {
  it('takes what was chosen by itself for a slide, whatever its name', async () => {
    expect(await sorted([named('a.svs'), named('b.xyz'), named('c.zip')])).toEqual({
      slides: [['a.svs'], ['b.xyz'], ['c.zip']],
      others: [],
    })
  })

  it('takes of a folder what is named like a slide', async () => {
    expect(await sorted([named('in/a.svs'), named('in/notes.txt')])).toEqual({
      slides: [['in/a.svs']],
      others: ['in/notes.txt'],
    })
  })

  it('puts a MIRAX slide together with its own folder only', async () => {
    const files = [
      named('in/a/Slidedat.ini'),
      named('in/a.mrxs'),
      named('in/a/Data0000.dat'),
      named('in/ab/Data0000.dat'),
    ]
    expect(await sorted(files)).toEqual({
      slides: [['in/a.mrxs', 'in/a/Slidedat.ini', 'in/a/Data0000.dat']],
      others: ['in/ab/Data0000.dat'],
    })
  })

  it('puts a VMS slide together with the files that it names beside it', async () => {
    const files = [
      named('a.vms', 'ImageFile=a.jpg\nMapFile=a_map2.jpg'),
      named('a.jpg'),
      named('a_map2.jpg'),
      named('b.jpg'),
    ]
    expect(await sorted(files)).toEqual({
      slides: [['a.vms', 'a.jpg', 'a_map2.jpg'], ['b.jpg']],
      others: [],
    })
  })
})
