import { join } from 'node:path'
import type { Broker } from './broker'
import type { Client, LeftOut } from './clients'
import { summarize } from './figures'
import { type Figures, runMeasured } from './run-measured'
import { type ClientResult, currentConditions, describeClient, type WorkloadResult } from './results'
import { socketSpec } from './socket-frames'
import { Topics } from './topics'
import { chooseWorkloads, type Spec, type Workload } from './workloads'

/** How a run was asked for on the command line. */
export interface RoundOptions {
  readonly rounds: number
  readonly seconds: number | undefined
  readonly profile: string | undefined
  readonly allocations: string | undefined
  readonly leftOut: readonly LeftOut[]
}

/** The line that says what happened, out of what a process that died has printed. */
function firstLine(error: unknown): string {
  const lines = (error instanceof Error ? error.message : String(error)).split('\n')
  return lines.find((line) => /error\b/i.test(line)) ?? lines[0] ?? ''
}

/** Gives every client its turn, round by round, so that what slows the machine for a while slows all of them. */
export class Rounds implements AsyncDisposable {
  readonly #broker: Broker
  readonly #clients: readonly Client[]
  readonly #options: RoundOptions
  readonly #topics: Topics
  /** Topics that were filled, by what stands in them: several workloads read the same. */
  readonly #filled = new Map<string, string[]>()

  constructor(broker: Broker, clients: readonly Client[], options: RoundOptions) {
    this.#broker = broker
    this.#clients = clients
    this.#options = options
    this.#topics = new Topics(broker.bootstrap)
  }

  /** Runs our client for a few seconds: the first to meet a young broker would have the slowest. */
  async warmUp(seconds: number): Promise<void> {
    if (seconds === 0) return
    const client = this.#ours()
    for (const workload of chooseWorkloads(['produce-100', 'send-1000', 'latency-5000'])) {
      const names = await this.#topics.create('warm-up', workload.partitions)
      await runMeasured({ client, spec: { ...this.#target(names), ...workload.spec, seconds } })
      await this.#topics.delete(names)
    }
  }

  /** Measures a workload; undefined when none of the clients can do it. */
  async run(workload: Workload): Promise<WorkloadResult | undefined> {
    const clients = this.#clients.filter((client) => workload.can(client))
    if (clients.length === 0) return undefined
    const { rounds, leftOut } = this.#options
    const conditions = currentConditions({ broker: this.#broker.description, rounds, leftOut })
    const filled = workload.fill === undefined ? undefined : await this.#fill(workload)
    const runs = new Map<Client, Figures[]>(clients.map((client) => [client, []]))
    const failures = new Map<Client, string>()
    for (let round = 0; round < rounds; round++) {
      for (let turn = 0; turn < clients.length; turn++) {
        const client = clients[(turn + round) % clients.length]
        if (client === undefined || failures.has(client)) continue
        try {
          runs.get(client)?.push(...(await this.#turn(workload, client, filled)))
        } catch (error) {
          failures.set(client, firstLine(error))
          console.error(`${workload.name}: ${firstLine(error)}`)
        }
      }
    }
    if (workload.section === 'growth' && filled !== undefined) await this.#forget(filled)
    const resultOf = (client: Client): ClientResult => {
      const failure = failures.get(client)
      const described = describeClient(client)
      if (failure !== undefined) return { ...described, failure }
      return { ...described, figures: summarize(runs.get(client) ?? []) }
    }
    return {
      conditions,
      clients: Object.fromEntries(clients.map((client) => [client.name, resultOf(client)])),
    }
  }

  /** One client's turn in one round. */
  async #turn(workload: Workload, client: Client, filled: string[] | undefined): Promise<Figures[]> {
    const { partitions, topics = 1, repeats = 1, idlePartitions } = workload
    const idleTopics = idlePartitions === undefined ? [] : await this.#topics.create('idle', idlePartitions)
    const names = filled ?? (await this.#topics.create(workload.name, partitions, topics))
    const { seconds, profile, allocations } = this.#options
    const target = this.#target(names)
    const asked =
      client.name === 'socket'
        ? await socketSpec(workload, this.#broker.bootstrap, target.topic)
        : { ...workload.spec, ...target, partitions, idleTopics }
    const shorter = seconds !== undefined && {
      seconds,
      maxSeconds: seconds,
      ...(seconds < 1 && { warmUpSeconds: seconds }),
    }
    const spec: Spec = { ...asked, ...shorter }
    const figures: Figures[] = []
    const own = `${workload.name}-${client.name.replace(/=.*/, '-other')}`
    const into = (folder: string | undefined) => (folder === undefined ? undefined : join(folder, own))
    for (let i = 0; i < repeats; i++) {
      figures.push(
        await runMeasured({ client, spec, profile: into(profile), allocations: into(allocations) }),
      )
    }
    await this.#topics.delete([...idleTopics, ...(filled === undefined ? names : [])])
    return figures
  }

  async #fill({ name, fill, partitions, topics = 1 }: Workload): Promise<string[]> {
    const key = JSON.stringify({ fill, partitions, topics })
    const known = this.#filled.get(key)
    if (known !== undefined) return known
    const names = await this.#topics.create(name, partitions, topics)
    this.#filled.set(key, names)
    const target = { ...this.#target(names), partitions, ...fill }
    const spec =
      partitions * topics > 3
        ? { kind: 'grow', axis: 'produce', arraySize: 100, ...target }
        : { kind: 'fill', ...target }
    await runMeasured({ client: this.#ours(), spec })
    return names
  }

  async #forget(names: string[]): Promise<void> {
    await this.#topics.delete(names)
    for (const [key, known] of this.#filled) if (known === names) this.#filled.delete(key)
  }

  #target(topics: readonly string[]): { brokers: string[]; topics: readonly string[]; topic: string } {
    return { brokers: this.#broker.bootstrap, topics, topic: topics[0] ?? '' }
  }

  /** Who fills topics: what stands in them must not depend on who reads. */
  #ours(): Client {
    const client = this.#clients.find(({ adapter }) => adapter === 'typed-kafka')
    if (client === undefined) throw new Error('typed-kafka has to be among the clients: it fills the topics')
    return client
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const names of this.#filled.values()) await this.#topics.delete(names)
    await this.#topics[Symbol.asyncDispose]()
  }
}
