// SPDX-License-Identifier: Apache-2.0
/** Reading arrays of numbers whose length is known. */

/** The number at an index, that is there. */
export function num(array: ArrayLike<number>, index: number): number {
  return array[index] ?? 0
}
