// SPDX-License-Identifier: Apache-2.0
/**
 * How much may be fetched ahead: a small part of what was shown, so that a reader far from the
 * server never waits behind much that is fetched in vain. What was fetched ahead and is then shown
 * gives back what it took: who scans row by row has more and more there beforehand.
 */

/** Bytes fetched in vain for each byte shown, at most. */
const PART_IN_VAIN = 1 / 16
/** Before anything has been shown. */
const AT_FIRST = 128 * 1024

export class Allowance {
  private left = AT_FIRST
  /** Frames fetched ahead and not shown yet, and what they took; 0 while they are under way. */
  private readonly unused = new Map<string, number>()

  /** Bytes that may be fetched ahead now; none where it is not above 0. */
  get bytes(): number {
    return this.left
  }

  /** A frame is asked for ahead. */
  begin(name: string): void {
    this.unused.set(name, 0)
  }

  /** A frame that was asked for ahead is there, or, with no bytes, will not come. */
  end(name: string, bytes: number): void {
    if (!this.unused.has(name)) return // shown meanwhile
    if (bytes > 0) this.unused.set(name, bytes)
    else this.unused.delete(name)
    this.left -= bytes
  }

  /** A frame is shown: fetched for that, or ahead of it. */
  show(name: string, bytes: number): void {
    this.left += PART_IN_VAIN * bytes + (this.unused.get(name) ?? 0)
    this.unused.delete(name)
  }

  /** Whether a frame was fetched ahead, or is on its way, and has not been shown. */
  isUnused(name: string): boolean {
    return this.unused.has(name)
  }
}
