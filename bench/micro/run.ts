/**
 * The parts of the client by themselves, without a broker: `npx tsx bench/micro/run.ts [groups] [options]`. The groups are
 * numbers (checksums, hashes, varints), batches, codecs and append (a message into its batch), separated by commas; all
 * without any. Prints nanoseconds of each operation and megabytes a second, medians of rounds in which all have a turn.
 *
 *   --source <folder>   another state of the source, to compare with
 *   --rounds <number>   default 15
 *   --native            with @node-rs/crc32 for checksums, when it is installed
 *   --json              for programs
 */
import { build } from 'esbuild'
import { execFileSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { moduleOptions, requireForEsm } from '../build-client'
import { nodeBinary } from '../run-measured'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    source: { type: 'string', default: join(import.meta.dirname, '../../src') },
    rounds: { type: 'string', default: '15' },
    native: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})

const outfile = join(import.meta.dirname, '../dist/micro.mjs')
await build({
  ...moduleOptions,
  entryPoints: [join(import.meta.dirname, 'main.ts')],
  alias: { source: resolve(values.source) },
  outfile,
  // The native checksum is looked for next to the main script, as soon as the first batch is sealed.
  banner: { js: values.native ? requireForEsm : `${requireForEsm} process.argv[1] = '/';` },
})
const words = positionals.join(',')
execFileSync(nodeBinary(), [outfile, words, values.rounds, values.json ? '--json' : ''], { stdio: 'inherit' })
