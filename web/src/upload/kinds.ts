// SPDX-License-Identifier: Apache-2.0
/** Which files are slides in scanners' own formats, by their names, and which are never sent. */

/** Formats that dicomizer converts, by the end of their names. */
const SLIDES = [
  'bif',
  'czi',
  'isyntax',
  'mrxs',
  'ndpi',
  'ndpis',
  'ome.tif',
  'ome.tiff',
  'qptiff',
  'scn',
  'svs',
  'svslide',
  'tif',
  'tiff',
  'vms',
  'vmu',
  'vsi',
  'zvi',
  'btf',
  'tf8',
  'opt',
]
/** What lies beside DICOM files on disks and media, and is passed over in silence. */
const BESIDE = ['dicomdir', '.ds_store', 'thumbs.db', 'desktop.ini']

/** Whether a name is that of a slide in a scanner's own format. */
export function isForeignSlide(name: string): boolean {
  const lower = name.toLowerCase()
  return SLIDES.some((ending) => lower.endsWith(`.${ending}`))
}

/** Whether a file is never meant to be sent. */
export function isBeside(name: string): boolean {
  return BESIDE.includes(name.toLowerCase())
}
