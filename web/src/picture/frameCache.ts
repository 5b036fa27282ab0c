// SPDX-License-Identifier: Apache-2.0
/** What was fetched of frames, the longest unused forgotten first. */

export class FrameCache<Value> {
  private readonly kept = new Map<string, Promise<Value>>()

  constructor(private readonly most: number) {}

  /** What is kept by a name, or else what is made now. */
  async get(name: string, make: () => Promise<Value>): Promise<Value> {
    const known = this.kept.get(name)
    if (!known) return this.keep(name, make())
    this.kept.delete(name)
    this.kept.set(name, known)
    try {
      return await known
    } catch {
      // Whoever asked first may have given up; that is not our failure.
      return this.keep(name, make())
    }
  }

  has(name: string): boolean {
    return this.kept.has(name)
  }

  private async keep(name: string, made: Promise<Value>): Promise<Value> {
    this.kept.set(name, made)
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= this.most) break
      this.kept.delete(oldest)
    }
    try {
      return await made
    } catch (error) {
      if (this.kept.get(name) === made) this.kept.delete(name)
      throw error
    }
  }
}
