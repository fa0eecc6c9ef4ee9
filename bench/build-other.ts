/**
 * Builds another state of our source, for `run.ts --clients typed-kafka=<file>`:
 * `npx tsx bench/build-other.ts <source folder> <file>`.
 */
import { copyFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildClient } from './build-client'

const [source, file] = process.argv.slice(2)
if (source === undefined || file === undefined) {
  throw new Error('Usage: npx tsx bench/build-other.ts <source folder> <file>')
}
const built = fileURLToPath(await buildClient(join(resolve(source), 'index.ts')))
await copyFile(built, file)
await copyFile(`${built}.map`, `${file}.map`)
