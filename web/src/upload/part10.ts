// SPDX-License-Identifier: Apache-2.0
/**
 * What a DICOM file is, from its first bytes (PS3.10 7.1): enough to ask the server whether it has
 * it. What cannot be read here is sent anyway: the server judges.
 */

export interface FileUids {
  readonly instance: string
  /** Where the data set says so within the bytes read, and is not compressed. */
  readonly study: string | null
  readonly series: string | null
}

/** Bytes that are read of a file: the UIDs lie before what is long. */
export const HEAD_BYTES = 64 * 1024

const MAGIC_AT = 128
const DATA_AT = 132
const IMPLICIT = '1.2.840.10008.1.2'
const UNREADABLE = ['1.2.840.10008.1.2.2', '1.2.840.10008.1.2.1.99']
const LONG_LENGTHS = ['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']
const [INSTANCE, SYNTAX, STUDY, SERIES] = [0x00020003, 0x00020010, 0x0020000d, 0x0020000e]
const UNDEFINED = 0xffffffff

/** Whether the bytes begin a DICOM file. */
export function isPart10(head: Uint8Array): boolean {
  return new TextDecoder('latin1').decode(head.slice(MAGIC_AT, DATA_AT)) === 'DICM'
}

/** The UIDs that a DICOM file begins with; `null` where it is none, or names no instance. */
export function uidsOf(head: Uint8Array): FileUids | null {
  if (!isPart10(head)) return null
  const reader = new Reader(head, DATA_AT)
  const meta = reader.values([INSTANCE, SYNTAX], (tag) => tag >>> 16 !== 2)
  const instance = meta.get(INSTANCE)
  if (!instance) return null
  const syntax = meta.get(SYNTAX) ?? ''
  if (UNREADABLE.includes(syntax)) return { instance, study: null, series: null }
  reader.isExplicit = syntax !== IMPLICIT
  const found = reader.values([STUDY, SERIES], (tag) => tag > SERIES)
  return { instance, study: found.get(STUDY) ?? null, series: found.get(SERIES) ?? null }
}

/** Reads elements in little endian, one behind the other. */
class Reader {
  isExplicit = true
  private readonly view: DataView

  constructor(
    private readonly bytes: Uint8Array,
    private at: number,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Values of wanted elements, up to the first that is behind them, which is not read. */
  values(wanted: readonly number[], isBehind: (tag: number) => boolean): Map<number, string> {
    const found = new Map<number, string>()
    while (this.at + 8 <= this.bytes.length) {
      const tag =
        this.view.getUint16(this.at, true) * 0x10000 + this.view.getUint16(this.at + 2, true)
      if (isBehind(tag)) return found
      const { begin, length } = this.extent()
      if (length === UNDEFINED || begin + length > this.bytes.length) return found
      if (wanted.includes(tag)) found.set(tag, this.text(begin, length))
      this.at = begin + length
    }
    return found
  }

  /** Where the value of the element lies (PS3.5 7.1); a sequence of no length is skipped whole. */
  private extent(): { begin: number; length: number } {
    const short = this.view.getUint16(this.at + 6, true)
    const vr = this.text(this.at + 4, 2)
    if (this.isExplicit && !LONG_LENGTHS.includes(vr)) return { begin: this.at + 8, length: short }
    const begin = this.isExplicit ? this.at + 12 : this.at + 8
    if (begin > this.bytes.length) return { begin, length: UNDEFINED }
    const length = this.view.getUint32(begin - 4, true)
    return length === UNDEFINED ? { begin, length: this.sequenceLength(begin) } : { begin, length }
  }

  /** Bytes up to the delimiter of a sequence of undefined length: sequences may lie in it. */
  private sequenceLength(begin: number): number {
    let depth = 1
    for (let at = begin; at + 8 <= this.bytes.length; at += 2) {
      const [group, element] = [this.view.getUint16(at, true), this.view.getUint16(at + 2, true)]
      const length = this.view.getUint32(at + 4, true)
      if (group === 0xfffe && element === 0xe0dd && length === 0) depth--
      else if (this.opensSequence(at)) depth++
      if (depth === 0) return at + 8 - begin
    }
    return UNDEFINED
  }

  private opensSequence(at: number): boolean {
    if (at + 12 > this.bytes.length || this.text(at + 4, 2) !== 'SQ') return false
    return this.isExplicit && this.view.getUint32(at + 8, true) === UNDEFINED
  }

  private text(begin: number, length: number): string {
    const bytes = this.bytes.slice(begin, begin + length)
    return new TextDecoder('latin1').decode(bytes).replace(/[\0 ]+$/, '')
  }
}
