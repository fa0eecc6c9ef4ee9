/**
 * typed-kafka and its peers under the same workloads, on the same broker, in turn: `npm run bench` in the project's
 * folder. Prints a table for each workload, keeps the figures in `bench/results.json`, and writes the tables of
 * `docs/benchmarks.md` with `--docs`.
 *
 *   --only <words>      workloads by name or section, separated by commas; `growth-partitions-*` for several
 *   --clients <names>   clients, separated by commas; `typed-kafka=<file>` is a build of another state of the source
 *   --rounds <number>   default 3: in each, every client has its turn
 *   --seconds <number>  instead of each workload's own time
 *   --warm-up <seconds> for the broker by each of three workloads, before everything; default 10
 *   --profile <folder>  a CPU profile of every run; `bench/profile.ts` reads them
 *   --allocations <folder>  the same for what is allocated
 *   --results <file>    default bench/results.json; what is measured replaces what stands there
 *   --docs              writes the tables of docs/benchmarks.md from the results
 *   --list              prints the workloads and ends
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startBroker } from './broker'
import { buildClient } from './build-client'
import { findClients, isPeer } from './clients'
import { writeDocs } from './docs'
import { measureBundles } from './bundles'
import { Rounds } from './rounds'
import { defaultResultsFile, readResults, writeResults } from './results'
import { bundleTable, tableOf, toText } from './tables'
import { chooseWorkloads } from './workloads'

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    clients: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string' },
    'warm-up': { type: 'string', default: '10' },
    profile: { type: 'string' },
    allocations: { type: 'string' },
    results: { type: 'string', default: defaultResultsFile },
    docs: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
})

async function main(): Promise<void> {
  const words = options.only?.split(',')
  const sizes = words === undefined || words.includes('bundles')
  const chosen = chooseWorkloads(words?.filter((word) => word !== 'bundles'))
  if (options.list) {
    console.log(`${'bundles'.padEnd(32)} size of each client with all it needs`)
    for (const { name, title } of chosen) console.log(`${name.padEnd(32)} ${title}`)
    return
  }
  const names = options.clients?.split(',')
  if (names === undefined || names.some(isPeer)) installPeers()
  const { clients, leftOut } = findClients(names, await buildClient())
  for (const { client, why } of leftOut) console.log(`Without ${client}: ${why}`)
  const results = await readResults(options.results)
  if (sizes) {
    results.bundles = await measureBundles(clients)
    console.log(`\nbundle of the client\n${toText(bundleTable(results))}`)
  }
  if (chosen.length > 0) {
    const broker = await startBroker()
    try {
      await using rounds = new Rounds(broker, clients, {
        rounds: Number(options.rounds),
        seconds: options.seconds === undefined ? undefined : Number(options.seconds),
        profile: options.profile,
        allocations: options.allocations,
        leftOut,
      })
      await rounds.warmUp(Number(options['warm-up']))
      for (const workload of chosen) {
        const result = await rounds.run(workload)
        if (result === undefined) continue
        results.workloads[workload.name] = result
        console.log(`\n${workload.name}: ${workload.title}\n${toText(tableOf(result))}`)
        await writeResults(options.results, results)
      }
    } finally {
      await broker.stop()
    }
  }
  await writeResults(options.results, results)
  if (options.docs) await writeDocs(results)
}

/** The peers have a package of their own, so that nobody else has to install them. */
function installPeers(): void {
  if (existsSync(join(import.meta.dirname, 'node_modules/kafkajs'))) return
  console.log('Installing the peers …')
  execFileSync('npm', ['install', '--no-save'], { cwd: import.meta.dirname, stdio: 'inherit' })
}

await main()
