// SPDX-License-Identifier: Apache-2.0
/**
 * Where things are: the server's root, `/` or below a path of a proxy, which the page tells by where
 * it takes this module from; and whose slides are shown, this server's or, below `/origins/{name}/`,
 * another's. So nobody has to configure either twice.
 */

const MODULE = /^https?:\/\/[^/]+(.*)\/(?:assets|src)\/[^/]*$/
const ORIGIN_PATH = /^\/origins\/([a-z0-9-]+)\//

/** The path of the server's root, without a slash at its end, by the address of a module. */
export function rootOf(module: string): string {
  return MODULE.exec(module)?.[1] ?? ''
}

/** The name of the other server whose page a path is; `null` for this server's own. */
export function originOf(path: string, root: string): string | null {
  return ORIGIN_PATH.exec(path.startsWith(`${root}/`) ? path.slice(root.length) : path)?.[1] ?? null
}

/** The path below which the pages of an origin are, without a slash at its end. */
export function baseOf(origin: string | null): string {
  return origin === null ? ROOT : `${ROOT}/origins/${origin}`
}

/** What the page says of itself; neither tests nor workers have one. */
function told(name: string): string | null {
  if (!('document' in globalThis)) return null
  return document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content ?? null
}

/** The path of the server's root, without a slash at its end. */
export const ROOT = rootOf(import.meta.url)
/** The other server whose slides are shown: it is only read from. */
export const ORIGIN = 'location' in globalThis ? originOf(location.pathname, ROOT) : null
/** The other servers that there are pages of. */
export const ORIGINS: readonly string[] = told('origins')?.split(' ') ?? []
/** The path below which the pages are. */
export const BASE = baseOf(ORIGIN)
/** Whether the browser asks the other server itself. */
export const IS_DIRECT = told('dicomweb') !== null
/** The address of the DICOMweb service. */
export const DICOMWEB = told('dicomweb') ?? `${BASE}/dicomweb`
