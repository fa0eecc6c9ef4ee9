import { Kafka, type Consumer, type ConsumerOptions, type KafkaOptions, type Producer } from '../../../src'
import { silentLogger } from '../../../src/base/logger'
import type { TestCluster } from '../../../src/testing'
import { errorOf, until } from './case-runner'

/** Waits of clients that are given errors on purpose. */
export const quickly: Partial<KafkaOptions> = {
  logger: silentLogger,
  retryBackoffMs: 2,
  retryBackoffMaxMs: 20,
  requestTimeoutMs: 2000,
}

/** Writes numbers to topics, through all their partitions in turn. */
export class NumberWriter {
  readonly #cluster: TestCluster
  readonly #producer: Producer

  constructor(cluster: TestCluster) {
    this.#cluster = cluster
    this.#producer = new Kafka({ ...cluster.clientOptions(), logger: silentLogger }).producer()
  }

  /** Writes the numbers from one to another, the latter not included. */
  async write(topic: string, from: number, to: number): Promise<void> {
    const partitions = this.#cluster.topics.find(({ name }) => name === topic)?.partitions ?? 1
    const values = Array.from({ length: to - from }, (_, i) => from + i)
    await this.#producer.send(
      topic,
      values.map((value) => ({ partition: value % partitions, value: String(value) })),
    )
  }

  close(): Promise<void> {
    return this.#producer.close()
  }
}

/** A consumer that notes which numbers it has handled. Its client id, its group and its topic have one name. */
export class NumberedReader {
  /** What its handler has finished, in that order. */
  readonly seen: number[] = []
  readonly consumer: Consumer<readonly string[]>
  /** The error of the run that ended last. */
  error: unknown
  #running: Promise<void> | undefined

  constructor(cluster: TestCluster, name: string, options: ConsumerOptions = {}) {
    const kafka = new Kafka({ ...cluster.clientOptions(), ...quickly, clientId: name })
    // With KIP-848 the brokers say how long sessions last.
    const session =
      options.groupProtocol === 'consumer' ? {} : { sessionTimeoutMs: 6000, heartbeatIntervalMs: 15 }
    this.consumer = kafka.consumer({
      groupId: name,
      topics: [name],
      startFrom: 'earliest',
      ...session,
      rebalanceTimeoutMs: 1000,
      fetchMaxWaitMs: 50,
      // Commits are made at revocations and at the close: what is lost before comes again.
      autoCommitIntervalMs: 60_000,
      ...options,
    }) as Consumer<readonly string[]>
  }

  get isRunning(): boolean {
    return this.#running !== undefined
  }

  /** Reads in the background until `stop` or an error. */
  start(): void {
    this.error = undefined
    this.#running = errorOf(
      this.consumer.run(async ({ value }) => {
        // What is fetched, committed and revoked meanwhile finds an unfinished message.
        await new Promise(setImmediate)
        this.seen.push(Number(value))
      }),
    ).then((error) => {
      this.error = error
      this.#running = undefined
    })
  }

  /** Resolves when the condition holds, or when the run has ended. */
  async reads(condition: () => boolean, what: string): Promise<void> {
    await until(() => condition() || !this.isRunning, `${what}; seen: ${this.seen.join(' ')}`, 12_000)
  }

  /** Resolves when so many different numbers were read, or when the run has ended. */
  readsAll(count: number): Promise<void> {
    return this.reads(() => new Set(this.seen).size >= count, `${count} messages`)
  }

  async close(): Promise<void> {
    await this.consumer.close()
    await this.#running
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
