import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { execFileSync } from 'node:child_process'
import { type Client, type LeftOut, versionOf } from './clients'
import type { BundleSize } from './build-client'
import type { Summary } from './figures'
import { nodeBinary } from './run-measured'

/** Everything that was measured, as it is kept in a file: each workload with the conditions of its own last run. */
export interface Results {
  readonly workloads: Record<string, WorkloadResult>
  bundles?: Record<string, BundleSize>
}

/** Where and when something was measured. */
export interface Conditions {
  readonly date: string
  readonly machine: string
  readonly node: string
  readonly broker: string
  readonly rounds: number
  /** Processes that wanted to run before the bench started its own: 0 on a machine at rest. */
  readonly loadBefore: number
  readonly leftOut: readonly LeftOut[]
}

/** One workload's figures by client. */
export interface WorkloadResult {
  readonly conditions: Conditions
  readonly clients: Record<string, ClientResult>
}

/** One client's figures in one workload, or why there are none. */
export interface ClientResult {
  readonly title: string
  readonly version?: string
  readonly figures?: Summary
  readonly failure?: string
}

/** Where results are kept when no file is named. */
export const defaultResultsFile = join(import.meta.dirname, 'results.json')

/** Reads results; none when there is no file. */
export async function readResults(file: string): Promise<Results> {
  if (!existsSync(file)) return { workloads: {} }
  return JSON.parse(await readFile(file, 'utf8')) as Results
}

export async function writeResults(file: string, results: Results): Promise<void> {
  await writeFile(file, `${JSON.stringify(results, null, 2)}\n`)
}

/** Taken when the program starts: later the bench itself is the load. */
const loadBefore = Number((loadavg()[0] ?? 0).toFixed(1))

/** The machine and the moment. */
export function currentConditions(given: Pick<Conditions, 'broker' | 'rounds' | 'leftOut'>): Conditions {
  const processors = cpus()
  const gigabytes = Math.round(totalmem() / 2 ** 30)
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    machine: `${processors.length} × ${processors[0]?.model ?? 'unknown'}, ${gigabytes} GB, Linux ${release()}`,
    node: execFileSync(nodeBinary(), ['--version'], { encoding: 'utf8' }).trim(),
    loadBefore,
    ...given,
  }
}

/** What is said of a client beside its figures. */
export function describeClient(client: Client): Pick<ClientResult, 'title' | 'version'> {
  const version = versionOf(client)
  return { title: client.title, ...(version !== undefined && { version }) }
}
