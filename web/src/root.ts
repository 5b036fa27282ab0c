// SPDX-License-Identifier: Apache-2.0
/**
 * Where the server's root is: `/`, or below a path of a proxy. The page tells by where it takes this
 * module from, so that nobody has to configure it twice.
 */

const MODULE = /^https?:\/\/[^/]+(.*)\/(?:assets|src)\/[^/]*$/

/** The path of the server's root, without a slash at its end, by the address of a module. */
export function rootOf(module: string): string {
  return MODULE.exec(module)?.[1] ?? ''
}

/** The path of the server's root, without a slash at its end. */
export const ROOT = rootOf(import.meta.url)
