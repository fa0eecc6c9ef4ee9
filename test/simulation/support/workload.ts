import { isKafkaError, Kafka, ProduceError, type Consumer, type Producer } from '../../../src'
import type { Simulation } from '../../../src/testing'
import { disturb } from './disturbances'
import { Ledger, type SentMessage, type Transaction } from './ledger'

const topic = 'orders'
const groupId = 'billing'
const partitions = 4
const keys = Array.from({ length: 12 }, (_, i) => `k${i}`)

/**
 * Producers and a group at work while the cluster is disturbed; then everything comes to rest, and what was promised is
 * compared with what is in the logs (laws L7 to L20).
 */
export async function runWorkload(sim: Simulation): Promise<void> {
  const ledger = new Ledger()
  const { chance } = sim
  sim.cluster.createTopic(topic, {
    partitions,
    replicationFactor: 3,
    configs: { 'min.insync.replicas': '2' },
  })
  const kafka = new Kafka({
    ...sim.clientOptions(),
    requestTimeoutMs: chance.between(1500, 5000),
    retryBackoffMs: 50,
  })
  const quietAt = chance.between(3000, 15_000)
  const group = new Group(sim, kafka, ledger)
  await Promise.all([
    disturb(sim, [topic], quietAt),
    ...Array.from({ length: chance.between(1, 3) }, (_, i) => produce(sim, kafka, ledger, `p${i}`, quietAt)),
    ...Array.from({ length: chance.between(0, 2) }, (_, i) => transact(sim, kafka, ledger, `t${i}`, quietAt)),
    group.churn(quietAt),
  ])
  await group.finish()
  const committed = new Map(
    (sim.cluster.group(groupId)?.offsets ?? []).map(({ partition, offset }) => [partition, offset]),
  )
  ledger.check(sim.cluster.records(topic), committed)
  if (sim.cluster.failures.length > 0) {
    throw new Error(
      `The broker itself failed: ${String((sim.cluster.failures[0] as { error: unknown }).error)}`,
    )
  }
}

/** Sends until the time has come, and notes what became of each message. */
export async function produce(
  sim: Simulation,
  kafka: Kafka,
  ledger: Ledger,
  name: string,
  untilMs: number,
): Promise<void> {
  const { chance } = sim
  const producer = kafka.producer({
    lingerMs: chance.pick([0, 0, 5, 50]) as number,
    batchSizeBytes: chance.pick([200, 1000, 16_384]) as number,
    maxRequestSizeBytes: 65_536,
    bufferMemoryBytes: chance.pick([20_000, 1_000_000]) as number,
    deliveryTimeoutMs: chance.between(20_000, 60_000),
  })
  const sending: Promise<void>[] = []
  const sequences = new Map<string, number>()
  while (sim.now < untilMs) {
    for (let i = chance.between(1, 20); i > 0; i--) {
      sending.push(
        send(producer, nextMessage(ledger, name, chance.pick(keys) as string, sequences, undefined), ledger),
      )
    }
    if (producer.bufferedBytes > producer.options.bufferMemoryBytes)
      ledger.violations.push('L10: more is buffered than allowed')
    await sim.sleep(chance.between(1, 300))
  }
  await Promise.all(sending)
  await producer.close()
}

async function transact(
  sim: Simulation,
  kafka: Kafka,
  ledger: Ledger,
  name: string,
  untilMs: number,
): Promise<void> {
  const { chance } = sim
  const sequences = new Map<string, number>()
  let producer = transactional(kafka, name)
  for (let round = 0; sim.now < untilMs; round++) {
    const transaction: Transaction = { name: `${name}.${round}`, outcome: 'open' }
    const wantsAbort = chance.happens(0.3)
    try {
      await producer.transaction(async (tx) => {
        for (let i = chance.between(0, 8); i > 0; i--) {
          const message = nextMessage(ledger, name, `${name}${chance.pick(keys)}`, sequences, transaction)
          // Not awaited: the end of the transaction waits for it.
          void send(tx, message, ledger)
          if (chance.happens(0.2)) await sim.sleep(chance.between(1, 200))
        }
        if (wantsAbort) throw new Changed()
      })
      transaction.outcome = 'committed'
    } catch (error) {
      const isUnknown = isKafkaError(error) && error.code === 'TRANSACTION_OUTCOME_UNKNOWN'
      transaction.outcome = isUnknown ? 'unknown' : 'aborted'
      if (!(error instanceof Changed)) {
        sim.trace(`${transaction.name}: ${String(error)}`)
        // As a service that starts again: the next producer ends what this one left open, whatever state it is in.
        transaction.outcome = 'unknown'
        await producer.close({ timeoutMs: chance.pick([0, 2000]) as number })
        producer = transactional(kafka, name)
      }
    }
    await sim.sleep(chance.between(1, 500))
  }
  await producer.close()
}

class Changed extends Error {}

function transactional(kafka: Kafka, name: string): Producer {
  return kafka.producer({
    transactionalId: name,
    transactionTimeoutMs: 10_000,
    deliveryTimeoutMs: 20_000,
    maxBlockMs: 20_000,
  })
}

function nextMessage(
  ledger: Ledger,
  producer: string,
  key: string,
  sequences: Map<string, number>,
  transaction: Transaction | undefined,
): SentMessage {
  const sequence = sequences.get(key) ?? 0
  sequences.set(key, sequence + 1)
  return ledger.open({ id: `${producer}/${key}/${sequence}`, producer, key, sequence, transaction })
}

async function send(to: Pick<Producer, 'send'>, message: SentMessage, ledger: Ledger): Promise<void> {
  try {
    const receipt = await to.send(topic, { key: message.key, value: message.id })
    message.outcome = 'acknowledged'
    message.partition = receipt.partition
    message.offset = receipt.offset
  } catch (error) {
    if (!isKafkaError(error)) ledger.violations.push(`L11: ${message.id} failed with ${String(error)}`)
    message.outcome = error instanceof ProduceError && error.maybeStored ? 'maybe stored' : 'not stored'
  }
}

/** Members that come and go, and handle what they are given. */
class Group {
  readonly #sim: Simulation
  readonly #kafka: Kafka
  readonly #ledger: Ledger
  readonly #members = new Map<string, { consumer: Consumer<readonly string[]>; running: Promise<void> }>()
  #count = 0

  constructor(sim: Simulation, kafka: Kafka, ledger: Ledger) {
    this.#sim = sim
    this.#kafka = kafka
    this.#ledger = ledger
  }

  async churn(untilMs: number): Promise<void> {
    const { chance } = this.#sim
    this.#join()
    while (this.#sim.now < untilMs) {
      await this.#sim.sleep(chance.between(200, 3000))
      const leaver = chance.pick([...this.#members.keys()])
      if (this.#members.size > 1 && chance.happens(0.4)) await this.#leave(leaver as string)
      else if (this.#members.size < 3) this.#join()
    }
  }

  /**
   * Waits until all that is visible was handled, ends the members, and lets one that starts anew catch up from what they
   * had committed. A commit that was on its way for long may have taken the offset back, so that it reads again.
   */
  async finish(): Promise<void> {
    await this.#quiet(60_000)
    for (const name of [...this.#members.keys()]) await this.#leave(name)
    this.#join()
    if (!(await this.#quiet(60_000))) {
      this.#ledger.violations.push(
        `L20: a member that started anew still lags by ${this.#lag()} after 60 s of quiet`,
      )
    }
    for (const name of [...this.#members.keys()]) await this.#leave(name)
  }

  /** Whether everything was committed before the time was over. */
  async #quiet(limitMs: number): Promise<boolean> {
    const end = this.#sim.now + limitMs
    while (this.#lag() > 0n && this.#sim.now < end) await this.#sim.sleep(200)
    return this.#lag() === 0n
  }

  #lag(): bigint {
    const offsets = this.#sim.cluster.group(groupId)?.offsets ?? []
    let lag = 0n
    for (let partition = 0; partition < partitions; partition++) {
      const { lastStableOffset, logStartOffset, highWatermark } = this.#sim.cluster.partition(
        topic,
        partition,
      )
      const own = offsets.find((one) => one.partition === partition)?.offset ?? logStartOffset
      // Transactions that were left open are ended by the broker after their timeout.
      lag += highWatermark - own + (highWatermark - lastStableOffset)
    }
    return lag
  }

  #join(): void {
    const { chance } = this.#sim
    const name = `m${this.#count++}`
    const owned = new Set<number>()
    const add = (list: readonly { partition: number }[]) =>
      list.forEach(({ partition }) => owned.add(partition))
    const remove = (list: readonly { partition: number }[]) =>
      list.forEach(({ partition }) => owned.delete(partition))
    const consumer = this.#kafka.consumer({
      groupId,
      topics: [topic],
      startFrom: 'earliest',
      isolationLevel: 'read_committed',
      sessionTimeoutMs: 6000,
      heartbeatIntervalMs: 500,
      maxPollIntervalMs: 10_000,
      autoCommitIntervalMs: chance.between(50, 2000),
      fetchMaxWaitMs: 200,
      onPartitionsAssigned: add,
      onPartitionsRevoked: remove,
      onPartitionsLost: remove,
    })
    const order = chance.pick(['partition', 'partition', 'key', 'none'] as const) ?? 'partition'
    const running = consumer.run(
      async (message) => {
        if (!owned.has(message.partition)) {
          this.#ledger.violations.push(
            `L14: ${name} was given ${message.partition}@${message.offset}, which it does not own`,
          )
        }
        if (chance.happens(0.1)) await this.#sim.sleep(chance.between(1, 50))
        this.#ledger.deliveries.push({
          id: String(message.value),
          member: name,
          partition: message.partition,
          offset: message.offset,
          at: this.#sim.now,
        })
      },
      { concurrency: order === 'partition' ? 4 : 8, order },
    )
    running.catch((error: unknown) => this.#ledger.violations.push(`L20: ${name} ended: ${String(error)}`))
    this.#members.set(name, { consumer, running })
  }

  async #leave(name: string): Promise<void> {
    const member = this.#members.get(name)
    this.#members.delete(name)
    await member?.consumer.close()
    await member?.running.catch(() => {})
  }
}
