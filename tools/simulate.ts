import { simulate, type Simulation, type SimulationOptions } from '../src/testing'
import { runEosWorkload } from '../test/simulation/support/eos-workload'
import { mixedGroupsCluster, runMixedGroupsWorkload } from '../test/simulation/support/mixed-groups-workload'
import { runWorkload } from '../test/simulation/support/workload'

// Runs a simulated workload for many seeds and tells which of them break a law. A seed that does belongs into
// test/simulation/seeds.ts once its cause is mended.
//
//   tsx tools/simulate.ts [main | exactly-once | mixed-groups, default main] [first seed, default 0] [how many, default 2000]

interface Workload {
  readonly run: (sim: Simulation) => Promise<void>
  readonly cluster: SimulationOptions
}

const workloads: Readonly<Record<string, Workload>> = {
  main: { run: runWorkload, cluster: { brokers: 3 } },
  'exactly-once': { run: runEosWorkload, cluster: { brokers: 3 } },
  'mixed-groups': { run: runMixedGroupsWorkload, cluster: mixedGroupsCluster },
}

async function main(args: readonly string[]): Promise<void> {
  const isNamed = Number.isNaN(Number(args[0] ?? 0))
  const [name, first = '0', count = '2000'] = isNamed ? args : ['main', ...args]
  const workload = workloads[name ?? '']
  if (workload === undefined) {
    throw new Error(`There is no workload '${name ?? ''}', only ${Object.keys(workloads).join(', ')}`)
  }
  const start = Date.now()
  const failed: number[] = []
  const end = Number(first) + Number(count)
  for (let seed = Number(first); seed < end; seed++) {
    try {
      await simulate(seed, workload.run, workload.cluster)
    } catch (error) {
      failed.push(seed)
      process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`)
    }
  }
  const seconds = Math.round((Date.now() - start) / 1000)
  process.stdout.write(
    `${count} seeds in ${seconds} s, ${failed.length} failed: ${failed.join(', ') || 'none'}\n`,
  )
  process.exitCode = failed.length > 0 ? 1 : 0
}

void main(process.argv.slice(2))
