import { createRequire } from 'node:module'

/** Modules of Node that take long to load, and that only some programs need. */
interface RarelyNeeded {
  readonly 'node:crypto': typeof import('node:crypto')
  readonly 'node:dns/promises': typeof import('node:dns/promises')
  readonly 'node:util': typeof import('node:util')
  readonly 'node:zlib': typeof import('node:zlib')
}

let load: NodeJS.Require | undefined

/**
 * One of Node's own modules, loaded by who asks for it first: `import` at the top of a file would have every program wait
 * for it, and an ES module that imports `node:util` has everything made that hangs on it. Works the same in an ES module
 * and in CommonJS; where that would be resolved from makes no difference.
 */
export function nodeModule<Name extends keyof RarelyNeeded>(name: Name): RarelyNeeded[Name] {
  return loadNodeModule(name) as RarelyNeeded[Name]
}

/** The same for modules whose types only one layer may know. */
export function loadNodeModule(name: string): unknown {
  load ??= createRequire(process.execPath)
  return load(name)
}
