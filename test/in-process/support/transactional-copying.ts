import {
  Kafka,
  type Consumer,
  type ConsumerOptions,
  type Message,
  type ProcessTransactionallyOptions,
  type Producer,
  type ProducerOptions,
  type Transaction,
} from '../../../src'
import { silentLogger } from '../../../src/base/logger'
import type { TransactionHandler } from '../../../src/consumer/transactional/transactional-delivery'
import { createCluster, type TestCluster, type TestClusterOptions } from '../../../src/testing'
import { until } from './case-runner'

const topics = [
  { name: 'in', partitions: 3 },
  { name: 'out', partitions: 1 },
]

/** What is done with a round of messages. */
export type Work = TransactionHandler<Message<Buffer | null, Buffer | null>, Transaction>

/** `0`, `1`, … up to `count` of them. */
export const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)

/** A cluster on which the group `g` copies the topic `in` (numbers, over three partitions) to `out` in transactions. */
export class TransactionalCopying {
  #cluster: TestCluster | undefined
  #kafka: Kafka | undefined
  readonly #open: { close(): Promise<void> }[] = []

  async start(options: TestClusterOptions = {}, requestTimeoutMs = 300): Promise<void> {
    const cluster = await createCluster({ network: 'memory', logger: silentLogger, topics, ...options })
    this.#cluster = cluster
    this.#kafka = new Kafka({
      ...cluster.clientOptions(),
      logger: silentLogger,
      retryBackoffMs: 10,
      requestTimeoutMs,
    })
  }

  async startWith(transactionVersion: 1 | 2): Promise<void> {
    await this.start()
    this.broker.setFeature('transaction.version', transactionVersion)
  }

  /** Starts three brokers; every partition is on all of them. */
  startReplicated(): Promise<void> {
    const replicated = topics.map((topic) => ({ ...topic, replicationFactor: 3 }))
    return this.start({ brokers: 3, topics: replicated }, 500)
  }

  get broker(): TestCluster {
    if (this.#cluster === undefined) throw new TypeError('It was not started')
    return this.#cluster
  }

  get kafka(): Kafka {
    if (this.#kafka === undefined) throw new TypeError('It was not started')
    return this.#kafka
  }

  /** Ends all clients, and the cluster, which must not have failed by itself. */
  readonly close = async (): Promise<void> => {
    this.broker.clearFaults()
    await Promise.all(this.#open.splice(0).map((client) => client.close()))
    expect(this.broker.failures).toEqual([])
    await this.broker.close()
  }

  /** Closes the client in the end. */
  readonly keep = <Client extends { close(): Promise<void> }>(client: Client): Client => {
    this.#open.push(client)
    return client
  }

  readonly producer = (transactionalId = 'tx', options: ProducerOptions = {}): Producer =>
    this.keep(
      this.kafka.producer({
        transactionalId,
        maxBlockMs: 3000,
        deliveryTimeoutMs: 3000,
        transactionTimeoutMs: 5000,
        ...options,
      }),
    )

  readonly consumer = (options: ConsumerOptions<readonly ['in']> = {}): Consumer<readonly ['in']> =>
    this.keep(
      this.kafka.consumer({
        groupId: 'g',
        topics: ['in'],
        startFrom: 'earliest',
        isolationLevel: 'read_committed',
        sessionTimeoutMs: 6000,
        heartbeatIntervalMs: 50,
        fetchMaxWaitMs: 50,
        autoCommitIntervalMs: 100,
        ...options,
      }),
    )

  /** Writes the numbers from one to another, the latter not included. */
  readonly fill = async (from: number, to: number): Promise<void> => {
    const plain = this.kafka.producer()
    for (let i = from; i < to; i++) await plain.send('in', { partition: i % 3, value: String(i) })
    await plain.close()
  }

  /** Sends every message on as it came. */
  readonly copy = (
    from: Consumer<readonly ['in']>,
    to: Producer,
    options?: ProcessTransactionallyOptions,
  ): Promise<void> =>
    from.processTransactionally(
      to,
      async (batch, tx) => {
        await tx.send(
          'out',
          [...batch].map(({ value }) => ({ value })),
        )
      },
      options,
    )

  /** Numbers in committed transactions of `out`, sorted. */
  readonly results = (): number[] => {
    const committed: number[] = []
    const pending = new Map<bigint, number[]>()
    for (const { marker, producerId, value } of this.broker.records('out')) {
      if (marker === undefined) pending.set(producerId, [...(pending.get(producerId) ?? []), Number(value)])
      else {
        if (marker === 'commit') committed.push(...(pending.get(producerId) ?? []))
        pending.delete(producerId)
      }
    }
    return committed.sort((a, b) => a - b)
  }

  /** The results, after all markers: the broker answers the end of a transaction before they are written. */
  readonly settledResults = async (): Promise<number[]> => {
    const isEnding = () => this.broker.transactions().some(({ state }) => state.startsWith('Prepare'))
    await until(() => !isEnding(), 'the ends of transactions', 20_000)
    return this.results()
  }

  readonly committedOffsets = (): number[] =>
    (this.broker.group('g')?.offsets ?? []).map(({ offset }) => Number(offset))

  readonly markers = () => this.broker.records('out').flatMap(({ marker }) => marker ?? [])
}
