import { isKafkaError, Kafka, type Consumer, type Producer } from '../../../src'
import type { BrokerApiName, Simulation } from '../../../src/testing'
import { disturb, disturbedApis } from './disturbances'
import { checkStage, visibleIn } from './stage-ledger'

const partitions = 3
const stages = 3
const keys = Array.from({ length: 9 }, (_, i) => `k${i}`)
const topicOf = (stage: number) => `stage-${stage}`
const groupOf = (stage: number) => `workers-${stage}`

const apis: readonly BrokerApiName[] = [
  ...disturbedApis,
  'TxnOffsetCommit',
  'TxnOffsetCommit',
  'AddOffsetsToTxn',
  'AddPartitionsToTxn',
  'EndTxn',
  'EndTxn',
  'EndTxn',
  'Produce',
  'LeaveGroup',
]

/**
 * A chain of three stages, each of which processes the topic before it exactly once, while the cluster is disturbed and
 * members join, leave, die, hang and are taken over; then everything comes to rest, and each stage's output is compared
 * with its input (laws L12, L14, L15).
 */
export async function runEosWorkload(sim: Simulation): Promise<void> {
  const { chance, cluster } = sim
  cluster.setFeature('transaction.version', chance.happens(0.5) ? 1 : 2)
  const topics = Array.from({ length: stages + 1 }, (_, stage) => topicOf(stage))
  for (const topic of topics) {
    cluster.createTopic(topic, { partitions, replicationFactor: 3, configs: { 'min.insync.replicas': '2' } })
  }
  const quietAt = chance.between(4000, 15_000)
  const violations: string[] = []
  const workers = Array.from({ length: stages }, (_, stage) => new Stage(sim, stage, violations))
  const feeding = feed(sim, quietAt)
  await Promise.all([
    disturb(sim, topics, quietAt, apis),
    feeding,
    ...workers.map((stage) => stage.churn(quietAt)),
  ])
  await settle(sim, violations)
  await Promise.all(workers.map((stage) => stage.finish()))
  for (let stage = 0; stage < stages; stage++) {
    violations.push(...checkStage(cluster.records(topicOf(stage)), cluster.records(topicOf(stage + 1))))
  }
  if (violations.length > 0) {
    throw new Error(`${violations.length} laws broken:\n${violations.slice(0, 8).join('\n')}`)
  }
  if (cluster.failures.length > 0) {
    throw new Error(`The broker itself failed: ${String((cluster.failures[0] as { error: unknown }).error)}`)
  }
}

/** Fills the first topic. What failed may be stored or not: the log tells. */
async function feed(sim: Simulation, untilMs: number): Promise<void> {
  const { chance } = sim
  const kafka = clientOf(sim)
  const producer = kafka.producer({ deliveryTimeoutMs: 30_000 })
  const sending: Promise<unknown>[] = []
  const counts = new Map<string, number>()
  while (sim.now < untilMs) {
    for (let i = chance.between(1, 15); i > 0; i--) {
      const key = chance.pick(keys) as string
      const count = counts.get(key) ?? 0
      counts.set(key, count + 1)
      sending.push(producer.send(topicOf(0), { key, value: `${key}/${count}` }).catch(() => {}))
    }
    await sim.sleep(chance.between(1, 300))
  }
  await Promise.all(sending)
  await producer.close()
}

/** Waits until the last topic shows as much as the first. */
async function settle(sim: Simulation, violations: string[]): Promise<void> {
  const end = sim.now + 120_000
  const counts = () =>
    Array.from({ length: stages + 1 }, (_, stage) => visibleIn(sim.cluster.records(topicOf(stage))).length)
  const isDone = () => counts().every((count, _, all) => count === all[0])
  while (!isDone() && sim.now < end) await sim.sleep(500)
  if (!isDone()) violations.push(`L20: after 120 s of quiet the topics hold ${counts().join(', ')} messages`)
  // What is to come twice has its chance.
  await sim.sleep(2000)
}

function clientOf(sim: Simulation): Kafka {
  return new Kafka({
    ...sim.clientOptions(),
    requestTimeoutMs: sim.chance.between(1500, 5000),
    retryBackoffMs: 50,
  })
}

interface Member {
  readonly consumer: Consumer<readonly string[]>
  readonly producer: Producer
  /** Resolves when its processing has ended, however it did. */
  readonly running: Promise<void>
}

/** The members that process one topic into the next. */
class Stage {
  readonly #sim: Simulation
  readonly #stage: number
  readonly #violations: string[]
  readonly #assignor: 'range' | 'cooperative-sticky'
  /** By transactional id: of each there is one at a time, unless it is taken over. */
  readonly #members = new Map<string, Member>()
  readonly #gone: Promise<unknown>[] = []
  #isEnding = false

  constructor(sim: Simulation, stage: number, violations: string[]) {
    this.#sim = sim
    this.#stage = stage
    this.#violations = violations
    this.#assignor = sim.chance.happens(0.5) ? 'range' : 'cooperative-sticky'
  }

  async churn(untilMs: number): Promise<void> {
    const { chance } = this.#sim
    this.#join('a')
    while (this.#sim.now < untilMs) {
      await this.#sim.sleep(chance.between(300, 3000))
      const id = chance.pick(['a', 'b', 'c']) as string
      const member = this.#members.get(id)
      const what = chance.pick(['leave', 'leave', 'crash', 'crash', 'take over', 'stay'])
      if (member === undefined) this.#join(id)
      else if (what === 'leave') this.#gone.push(this.#leave(id, member))
      else if (what === 'crash') this.#crash(id, member)
      // Another process with the same transactional id, while this one still runs.
      else if (what === 'take over') this.#join(id)
    }
    if (this.#members.size === 0) this.#join('a')
  }

  async finish(): Promise<void> {
    this.#isEnding = true
    await Promise.all([...this.#members].map(([id, member]) => this.#leave(id, member)))
    await Promise.all(this.#gone)
  }

  #join(id: string): void {
    const { chance } = this.#sim
    const kafka = clientOf(this.#sim)
    const consumer = kafka.consumer({
      groupId: groupOf(this.#stage),
      topics: [topicOf(this.#stage)],
      startFrom: 'earliest',
      isolationLevel: 'read_committed',
      assignors: [this.#assignor],
      sessionTimeoutMs: 6000,
      heartbeatIntervalMs: 500,
      maxPollIntervalMs: 10_000,
      autoCommitIntervalMs: 1000,
      fetchMaxWaitMs: 200,
    })
    const producer = kafka.producer({
      transactionalId: `${this.#stage}-${id}`,
      transactionTimeoutMs: chance.between(5000, 10_000),
      deliveryTimeoutMs: 15_000,
      maxBlockMs: 15_000,
      lingerMs: chance.pick([0, 5]) as number,
      batchSizeBytes: chance.pick([200, 16_384]) as number,
    })
    const running = this.#process(id, consumer, producer)
    this.#members.set(id, { consumer, producer, running })
  }

  async #process(id: string, consumer: Consumer<readonly string[]>, producer: Producer): Promise<void> {
    const { chance } = this.#sim
    const to = topicOf(this.#stage + 1)
    try {
      await consumer.processTransactionally(
        producer,
        async (batch, tx) => {
          const sent: Promise<unknown>[] = []
          for (const { key, value } of batch) {
            const sending = tx.send(to, { key, value })
            sending.catch(() => {})
            sent.push(sending)
            if (chance.happens(0.02)) await this.#sim.sleep(chance.between(1, 400))
          }
          if (chance.happens(0.5)) await Promise.all(sent)
          // Longer than anything waits for it.
          if (chance.happens(0.005)) await this.#sim.sleep(chance.between(5000, 16_000))
          if (chance.happens(0.01)) throw new RangeError('a bad day')
        },
        { maxMessages: chance.pick([3, 20, 1000]) as number, maxWaitMs: chance.pick([0, 0, 50]) as number },
      )
    } catch (error) {
      this.#sim.trace(`member ${this.#stage}-${id} ended: ${String(error)}`)
      if (!isKafkaError(error)) this.#violations.push(`L20: a run ended with ${String(error)}`)
      const isCurrent = this.#members.get(id)?.consumer === consumer
      await consumer.close({ timeoutMs: 2000 })
      await producer.close({ timeoutMs: 2000 })
      // As a service that is started again.
      await this.#sim.sleep(chance.between(1, 500))
      if (isCurrent && this.#members.get(id)?.consumer === consumer && !this.#isEnding) this.#join(id)
    }
  }

  async #leave(id: string, member: Member): Promise<void> {
    this.#sim.trace(`member ${this.#stage}-${id} leaves`)
    this.#members.delete(id)
    await member.consumer.close()
    await member.producer.close()
    await member.running
  }

  /** Ends without waiting for anything: what is open stays open, and the group is not told. */
  #crash(id: string, member: Member): void {
    this.#sim.trace(`member ${this.#stage}-${id} crashes`)
    this.#members.delete(id)
    this.#gone.push(
      member.producer.close({ timeoutMs: 0 }),
      member.consumer.close({ timeoutMs: 0 }),
      member.running,
    )
  }
}
