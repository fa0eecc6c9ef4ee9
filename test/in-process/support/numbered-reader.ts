import { Kafka, type Consumer, type ConsumerOptions, type KafkaOptions } from '../../../src'
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

/** Writes a topic's next messages, numbered from 0 through all its partitions in turn. */
export async function writeNumbers(
  cluster: TestCluster,
  topic: string,
  from: number,
  to: number,
): Promise<void> {
  await using producer = new Kafka({ ...cluster.clientOptions(), logger: silentLogger }).producer()
  const partitions = cluster.topics.find(({ name }) => name === topic)?.partitions ?? 1
  for (let i = from; i < to; i++) await producer.send(topic, { partition: i % partitions, value: String(i) })
}

/** A consumer that notes which numbers it was given. Its client id, its group and its topic have one name. */
export class NumberedReader {
  readonly seen: number[] = []
  readonly consumer: Consumer<readonly string[]>
  /** The error of the run that ended last. */
  error: unknown
  #running: Promise<void> | undefined

  constructor(cluster: TestCluster, name: string, options: ConsumerOptions = {}) {
    const kafka = new Kafka({ ...cluster.clientOptions(), ...quickly, clientId: name })
    const place = options.assign === undefined ? { groupId: name, topics: [name] } : {}
    this.consumer = kafka.consumer({
      ...place,
      startFrom: 'earliest',
      sessionTimeoutMs: 6000,
      rebalanceTimeoutMs: 1000,
      heartbeatIntervalMs: 15,
      fetchMaxWaitMs: 50,
      // Commits are made at revocations and at the close: what is lost before comes again.
      ...(options.assign === undefined ? { autoCommitIntervalMs: 60_000 } : {}),
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
      this.consumer.run(({ value }) => {
        this.seen.push(Number(value))
      }),
    ).then((error) => {
      this.error = error
      this.#running = undefined
    })
  }

  /** Resolves when the condition holds, or when the run has ended. */
  async reads(condition: () => boolean, what: string): Promise<void> {
    await until(() => condition() || !this.isRunning, `${what}; seen: ${this.seen.join(' ')}`, 6000)
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
