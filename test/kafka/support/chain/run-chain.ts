import { Kafka, silentLogger } from 'typed-kafka'
import { runJavaProgram } from '../java-tools'
import type { KafkaCluster } from '../kafka-cluster'
import { ChainLedger, type StageAccount } from './chain-ledger'
import { ChainMember } from './chain-member'

export interface ChainOptions {
  readonly topicPrefix: string
  readonly records: number
  readonly keys: number
  /** Records a second that are put into the first topic. */
  readonly rate: number
  readonly membersPerStage: number
  /** Makes things happen while the records pass; it is over before the last ones are put in. */
  readonly disturb: (chain: RunningChain) => Promise<void>
  /** Milliseconds that the chain has, after the last record was put in, to bring all of them to its end. */
  readonly settleMs: number
  readonly log?: (line: string) => void
}

export interface ChainReport {
  readonly stages: readonly StageAccount[]
  /** What the Java consumer says of the last topic. */
  readonly audit: unknown
  /** Why runs have ended early, and how often. */
  readonly ends: Readonly<Record<string, number>>
  readonly seconds: number
}

/** The members of a chain while it runs. */
export interface RunningChain {
  readonly cluster: Pick<KafkaCluster, 'nodes'>
  /** Members of all stages. */
  readonly members: readonly ChainMember[]
  /** Share of the records that the last topic has, from 0 to 1. */
  progress(): number
  /** Waits until so much has arrived. @throws when nothing has for half a minute */
  reached(share: number): Promise<void>
  /** Members of the stage that has the fewest. */
  readonly fewest: number
  /** Adds a member to that stage. */
  join(): Promise<void>
  leave(member: ChainMember): Promise<void>
  /** Kills it, and starts one with the same transactional id, as an orchestrator does. */
  killAndReplace(member: ChainMember): Promise<void>
  log(line: string): void
}

/** Three stages of consume, transform and produce. */
const stages = 3
const partitions = 4
const stallMs = 30_000

/** Sends records through the chain while it is disturbed, and answers with what has arrived. */
export async function runChain(
  cluster: Pick<KafkaCluster, 'nodes' | 'bootstrap' | 'version'>,
  options: ChainOptions,
): Promise<ChainReport> {
  const startedAt = Date.now()
  const topics = Array.from({ length: stages + 1 }, (_, stage) => `${options.topicPrefix}-${stage}`)
  const kafka = new Kafka({ clientId: 'chain', brokers: cluster.bootstrap, logger: silentLogger })
  await using admin = kafka.admin()
  await admin.createTopics(
    topics.map((name) => ({
      name,
      partitions,
      replicationFactor: 3,
      configs: { 'min.insync.replicas': 2 },
    })),
  )
  const chain = new Chain(cluster, topics, options)
  const ledger = new ChainLedger(kafka, topics, partitions)
  chain.progress = () => ledger.records(topics[stages] ?? '') / options.records
  try {
    await chain.start()
    const disturbed = options.disturb(chain)
    await Promise.all([feed(kafka, topics[0] ?? '', options, disturbed), disturbed])
    await settle(ledger, topics, options)
  } finally {
    await chain.end()
    await ledger.close()
  }
  const args = [cluster.bootstrap.join(','), topics[stages] ?? '']
  const audit: unknown = JSON.parse(await runJavaProgram(cluster.version, 'tools/java/LogAudit.java', args))
  const seconds = Math.round((Date.now() - startedAt) / 1000)
  return { stages: ledger.accounts(), audit, ends: chain.ends(), seconds }
}

/** Puts the records into the first topic; the last tenth of them after the disturbances are over. */
async function feed(
  kafka: Kafka,
  topic: string,
  { records, keys, rate }: ChainOptions,
  disturbed: Promise<void>,
): Promise<void> {
  await using producer = kafka.producer()
  const chunk = Math.max(1, Math.round(rate / 20))
  const padding = ' '.repeat(80)
  for (let next = 0; next < records;) {
    if (next >= records * 0.9) await disturbed
    const startedAt = Date.now()
    const end = Math.min(records, next + chunk)
    const messages = []
    for (; next < end; next++) {
      messages.push({ key: `key-${next % keys}`, value: `${Math.floor(next / keys)} ${padding}` })
    }
    await producer.send(topic, messages)
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, 50 - (Date.now() - startedAt))))
  }
}

async function settle(
  ledger: ChainLedger,
  topics: readonly string[],
  { records, settleMs }: ChainOptions,
): Promise<void> {
  const deadline = Date.now() + settleMs
  while (topics.some((topic) => ledger.records(topic) < records) && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  // What is to come twice has its chance.
  await new Promise((resolve) => setTimeout(resolve, 1000))
}

class Chain implements RunningChain {
  readonly cluster: Pick<KafkaCluster, 'nodes' | 'bootstrap'>
  readonly members: ChainMember[] = []
  progress: () => number = () => 0
  readonly #topics: readonly string[]
  readonly #options: ChainOptions
  readonly #all: ChainMember[] = []
  #count = 0

  constructor(
    cluster: Pick<KafkaCluster, 'nodes' | 'bootstrap'>,
    topics: readonly string[],
    options: ChainOptions,
  ) {
    this.cluster = cluster
    this.#topics = topics
    this.#options = options
  }

  async start(): Promise<void> {
    for (let i = 0; i < this.#options.membersPerStage; i++) {
      await Promise.all(Array.from({ length: stages }, (_, stage) => this.#add(stage)))
    }
  }

  async #add(
    stage: number,
    transactionalId = `${this.#options.topicPrefix}-tx-${this.#count++}`,
  ): Promise<void> {
    const member = new ChainMember({
      brokers: this.cluster.nodes.map(({ port }) => `localhost:${port}`),
      groupId: `${this.#options.topicPrefix}-group-${stage}`,
      from: this.#topics[stage] ?? '',
      to: this.#topics[stage + 1] ?? '',
      transactionalId,
    })
    this.#all.push(member)
    // Not earlier: what is still starting is not disturbed.
    await member.ready()
    this.members.push(member)
  }

  async reached(share: number): Promise<void> {
    let last = -1
    for (let stalledMs = 0; this.progress() < share; stalledMs += 50) {
      if (stalledMs > stallMs) throw new Error(`The chain stands still at ${(last * 100).toFixed(1)} %`)
      if (this.progress() > last) {
        last = this.progress()
        stalledMs = 0
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  get fewest(): number {
    return Math.min(...this.#sizes())
  }

  #sizes(): number[] {
    return Array.from(
      { length: stages },
      (_, stage) => this.members.filter((member) => this.#stageOf(member) === stage).length,
    )
  }

  async join(): Promise<void> {
    const stage = this.#sizes().indexOf(this.fewest)
    this.log(`a member joins stage ${stage}`)
    await this.#add(stage)
  }

  async leave(member: ChainMember): Promise<void> {
    this.log(`${member.options.transactionalId} leaves`)
    this.members.splice(this.members.indexOf(member), 1)
    await member.leave()
  }

  async killAndReplace(member: ChainMember): Promise<void> {
    this.log(`${member.options.transactionalId} is killed`)
    this.members.splice(this.members.indexOf(member), 1)
    await member.kill()
    await this.#add(this.#stageOf(member), member.options.transactionalId)
  }

  log(line: string): void {
    this.#options.log?.(`${(this.progress() * 100).toFixed(0)} %  ${line}`)
  }

  ends(): Record<string, number> {
    const counts: Record<string, number> = {}
    for (const code of this.#all.flatMap(({ ends }) => ends)) counts[code] = (counts[code] ?? 0) + 1
    return counts
  }

  async end(): Promise<void> {
    await Promise.all(this.#all.map((member) => member.kill()))
  }

  #stageOf({ options }: ChainMember): number {
    return this.#topics.indexOf(options.from)
  }
}
