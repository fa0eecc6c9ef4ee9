/**
 * Builds another state of our source, for `run.ts --clients typed-kafka=<file>`:
 * `npx tsx bench/build-other.ts <source folder> <file>`.
 */
import { join, resolve } from 'node:path'
import { buildClient } from './build-client'

const [source, file] = process.argv.slice(2)
if (source === undefined || file === undefined) {
  throw new Error('Usage: npx tsx bench/build-other.ts <source folder> <file>')
}
await buildClient(join(resolve(source), 'index.ts'), resolve(file))
