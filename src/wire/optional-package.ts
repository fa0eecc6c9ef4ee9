import { createRequire } from 'node:module'

/** Node's name for this file in CommonJS; absent in an ES module. */
declare const __filename: string | undefined

/**
 * Gives a `require` for packages that users may install next to this one and that are never needed. It looks them
 * up from this package when it is loaded as CommonJS, and from the program's main script when it is loaded as an ES
 * module: a source that has to run as both cannot say where it lies in the second case. The working directory is
 * not searched, so that running a program in a foreign folder never loads code from there.
 *
 * Callers pass literal names (`optionalRequire()?.('@node-rs/crc32')`) inside a guard, because the package may be missing.
 */
export function optionalRequire(): NodeJS.Require | undefined {
  const from = typeof __filename === 'string' ? __filename : process.argv[1]
  return from === undefined ? undefined : createRequire(from)
}
