import { createRequire, Module } from 'node:module'

/**
 * Lets the package `lz4`, which `kafkajs-lz4` needs, work where nobody can compile it: with the functions in JavaScript that
 * it has for browsers.
 */
export function usePureLz4(): void {
  const load = createRequire(`${process.cwd()}/`)
  const native = load.resolve('lz4/lib/utils.js')
  const stand = new Module(native)
  stand.exports = load('lz4/lib/utils-js.js') as unknown
  stand.loaded = true
  load.cache[native] = stand
}
