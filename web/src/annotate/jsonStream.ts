// SPDX-License-Identifier: Apache-2.0
/**
 * The features of a GeoJSON text that comes in pieces: elements of the top array or of `features`.
 * Only one feature's text is held at a time, whatever the size of the file.
 */

import { said } from '../words/said'

const [QUOTE, BACKSLASH, OPEN, CLOSE, OPEN_LIST, CLOSE_LIST] = [34, 92, 123, 125, 91, 93]

/** A text that is one feature or geometry is held whole, up to this length. */
const MOST_WHOLE = 64 * 1024 * 1024

export class FeatureScanner {
  private depth = 0
  private inString = false
  private escaped = false
  /** Depth at which elements lie; 0 until their array is found. */
  private elements = 0
  /** Text of a string of the top object, by which `features` is known. */
  private key = ''
  private keyStart = -1
  /** The element that has begun in an earlier piece. */
  private begun = ''
  private start = -1
  private whole = ''

  constructor(private readonly onFeature: (feature: unknown) => void) {}

  /** Take the next piece of the text. */
  push(piece: string): void {
    if (this.elements === 0) this.keepWhole(piece)
    for (let at = 0; at < piece.length; at++) {
      const code = piece.charCodeAt(at)
      if (this.inString) this.within(code, piece, at)
      else if (code === QUOTE) this.quote(at)
      else if (code === OPEN || code === OPEN_LIST) this.open(code, at)
      else if (code === CLOSE || code === CLOSE_LIST) this.close(piece, at)
    }
    this.carry(piece)
  }

  /** The text has ended; `SyntaxError` where it is none. */
  end(): void {
    if (this.elements === 0) this.onFeature(JSON.parse(this.whole))
    else if (this.depth !== 0) throw new SyntaxError(said('the file ends in the middle'))
  }

  private within(code: number, piece: string, at: number): void {
    if (this.escaped) this.escaped = false
    else if (code === BACKSLASH) this.escaped = true
    else if (code === QUOTE) {
      this.inString = false
      if (this.keyStart >= -1 && this.depth === 1 && this.elements === 0)
        this.key = (this.key + piece.slice(Math.max(0, this.keyStart), at)).slice(-64)
    }
  }

  private quote(at: number): void {
    this.inString = true
    this.key = ''
    this.keyStart = at + 1
  }

  private open(code: number, at: number): void {
    this.depth++
    if (this.elements > 0) {
      if (this.depth === this.elements + 1 && code === OPEN) this.start = at
      return
    }
    const top = this.depth === 1 && code === OPEN_LIST
    const named = this.depth === 2 && code === OPEN_LIST && this.key === 'features'
    if (top || named) {
      this.elements = this.depth
      this.whole = ''
    }
  }

  private close(piece: string, at: number): void {
    if (this.elements > 0 && this.depth === this.elements + 1 && (this.start >= 0 || this.begun)) {
      this.onFeature(JSON.parse(this.begun + piece.slice(Math.max(0, this.start), at + 1)))
      this.begun = ''
      this.start = -1
    }
    this.depth--
    // What follows the list of features is of no interest, but must not be taken for features.
    if (this.elements > 0 && this.depth < this.elements) this.elements = Infinity
  }

  private carry(piece: string): void {
    if (this.start >= 0 || this.begun) {
      this.begun += piece.slice(Math.max(0, this.start))
      this.start = -1
    }
    if (this.inString && this.depth === 1 && this.elements === 0) {
      this.key = (this.key + piece.slice(Math.max(0, this.keyStart))).slice(-64)
      this.keyStart = -1
    }
  }

  private keepWhole(piece: string): void {
    this.whole += piece
    if (this.whole.length > MOST_WHOLE)
      throw new RangeError(said('one feature is larger than 64 MB'))
  }
}
