/**
 * Whether our client costs more CPU per message than it did: `npm run bench:regression`, about a minute. What is
 * compared is the ratio to the socket alone in the same run, so that the speed of the machine cancels out. Of several
 * short runs of each the cheapest counts: whatever else the machine does can only add to the cost. Fails when a ratio is
 * more than 20 % above that of `bench/regression-baseline.json`; one that seems to be is measured again first.
 * `--record` measures three times and writes the highest ratios as the new baseline: for a change that is meant to cost,
 * and says so.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Broker, startBroker } from './broker'
import { buildClient } from './build-client'
import { type Client, findClients } from './clients'
import { runMeasured } from './run-measured'
import { socketSpec } from './socket-frames'
import { Topics } from './topics'
import { chooseWorkloads, type Spec, type Workload } from './workloads'

const baselineFile = join(import.meta.dirname, 'regression-baseline.json')
const tolerance = 0.2
const rounds = 3
const extraRounds = 4
/** Ratios differ by a tenth and more from run to run: what is recorded is what an unlucky run would find. */
const recordedRuns = 3
const names = ['produce-100', 'send-1000', 'consume-batches', 'consume-each']
/** Short runs, of which there are several: a slow second spoils one of them only. */
const seconds = { seconds: 1.5, warmUpSeconds: 0.7, maxSeconds: 1.5 }
const backlog = 1_500_000
/** The Node that runs this: the peers, and their Node, need not be installed. */
const node = process.execPath

const { values: options } = parseArgs({ options: { record: { type: 'boolean', default: false } } })

/** CPU per message, in microseconds. */
interface Costs {
  readonly own: number
  /** Of the socket alone. */
  readonly alone: number
}

/** Runs our client and the socket alone in turn. */
class Pairs {
  readonly #broker: Broker
  readonly #topics: Topics
  readonly #ours: Client
  readonly #socket: Client
  #filled: string[] = []

  constructor(broker: Broker, topics: Topics, [ours, socket]: readonly Client[]) {
    if (ours === undefined || socket === undefined) throw new Error('Two clients are compared')
    this.#broker = broker
    this.#topics = topics
    this.#ours = ours
    this.#socket = socket
  }

  /** Something to read, and a broker that has its first messages behind it. */
  async prepare(): Promise<void> {
    this.#filled = await this.#topics.create('regression', 3)
    const spec = { kind: 'fill', messages: backlog, valueBytes: 100, compression: 'none' }
    await runMeasured({ client: this.#ours, node, spec: { ...spec, ...this.#target(this.#filled) } })
  }

  /** One more run of both. */
  async next(workload: Workload): Promise<Costs> {
    const topics = workload.fill === undefined ? await this.#topics.create(workload.name, 3) : this.#filled
    const target = this.#target(topics)
    const own: Spec = { ...workload.spec, ...target, ...seconds, messages: backlog }
    // Single sends have the baseline of arrays: the bytes on the wire are the same.
    const limit = await socketSpec(workload, this.#broker.bootstrap, target.topic)
    const alone = await runMeasured({ client: this.#socket, node, spec: { ...limit, ...seconds } })
    const measured = await runMeasured({ client: this.#ours, node, spec: own })
    if (workload.fill === undefined) await this.#topics.delete(topics)
    return { own: measured.cpuMicros ?? NaN, alone: alone.cpuMicros ?? NaN }
  }

  #target(topics: readonly string[]): { brokers: string[]; topic: string } {
    return { brokers: this.#broker.bootstrap, topic: topics[0] ?? '' }
  }
}

/** The ratio of the cheapest runs. */
function ratioOf(runs: readonly Costs[]): number {
  return Math.min(...runs.map(({ own }) => own)) / Math.min(...runs.map(({ alone }) => alone))
}

/** The ratio of each workload. Measures longer where it lies above what is allowed. */
async function measure(pairs: Pairs, allowed: (name: string) => number): Promise<Record<string, number>> {
  const workloads = chooseWorkloads(names)
  const all = new Map(workloads.map((workload) => [workload, [] as Costs[]]))
  for (let round = 0; round < rounds; round++) {
    for (const [workload, found] of all) found.push(await pairs.next(workload))
  }
  for (const [workload, found] of all) {
    for (let more = 0; more < extraRounds && ratioOf(found) > allowed(workload.name); more++) {
      found.push(await pairs.next(workload))
    }
  }
  return Object.fromEntries([...all].map(([{ name }, found]) => [name, ratioOf(found)]))
}

async function main(): Promise<void> {
  const baseline = JSON.parse(await readFile(baselineFile, 'utf8')) as Record<string, number>
  const allowed = (name: string) => (options.record ? Infinity : (baseline[name] ?? 0) * (1 + tolerance))
  const broker = await startBroker()
  try {
    await using topics = new Topics(broker.bootstrap)
    const { clients } = findClients(['typed-kafka', 'socket'], await buildClient())
    const pairs = new Pairs(broker, topics, clients)
    await pairs.prepare()
    const measured = await measure(pairs, allowed)
    for (let run = 1; options.record && run < recordedRuns; run++) {
      for (const [name, ratio] of Object.entries(await measure(pairs, allowed))) {
        measured[name] = Math.max(measured[name] ?? 0, ratio)
      }
    }
    report(measured, baseline, allowed)
    if (options.record) await writeFile(baselineFile, `${JSON.stringify(rounded(measured), null, 2)}\n`)
  } finally {
    await broker.stop()
  }
}

function rounded(ratios: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(ratios).map(([name, ratio]) => [name, Number(ratio.toPrecision(4))]),
  )
}

function report(
  measured: Readonly<Record<string, number>>,
  baseline: Readonly<Record<string, number>>,
  allowed: (name: string) => number,
): void {
  console.log('CPU per message, as a multiple of the socket alone:')
  for (const [name, ratio] of Object.entries(measured)) {
    const tooMuch = ratio > allowed(name)
    const before = baseline[name]?.toFixed(2) ?? 'none'
    console.log(
      `  ${name.padEnd(16)} ${ratio.toFixed(2)} (recorded: ${before})${tooMuch ? '  TOO MUCH' : ''}`,
    )
    if (tooMuch) process.exitCode = 1
  }
  if (process.exitCode === 1) {
    console.log(
      `More than ${tolerance * 100} % above what was recorded. If the change is worth it, say so and record: npx tsx bench/regression.ts --record`,
    )
  }
}

await main()
