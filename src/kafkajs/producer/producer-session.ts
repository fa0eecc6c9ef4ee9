import {
  Kafka,
  type KafkaOptions,
  type PartitionMetadata as CorePartition,
  type Producer,
  type ProducerOptions,
} from '../../index'
import type { Session } from '../client/lifecycle'
import type { PartitionMetadata } from '../types/metadata'
import { describePartitions } from './outgoing-messages'

/** What all of our own producers behind one of KafkaJS's share. */
export interface SessionOptions {
  readonly kafka: KafkaOptions
  readonly producer: ProducerOptions
  readonly transactional:
    { readonly transactionalId: string; readonly transactionTimeoutMs: number } | undefined
  /** Milliseconds to wait for a topic to be known. */
  readonly metadataWaitMs: number
}

/** What calls of KafkaJS may choose each, and producers of ours choose once. */
export type Acks = 0 | 1 | -1

/**
 * A connected producer: our own producers that stand behind it, one for each `acks` that was asked for, and one for
 * transactions, all over one set of connections.
 */
export class ProducerSession implements Session {
  readonly metadataWaitMs: number
  readonly #options: SessionOptions
  readonly #kafka: Kafka
  readonly #plain = new Map<Acks, Producer>()
  readonly #described = new Map<string, { of: readonly CorePartition[]; partitions: PartitionMetadata[] }>()
  readonly #underWay = new Set<Promise<unknown>>()
  #transactional: Producer | undefined

  constructor(options: SessionOptions) {
    this.#options = options
    this.metadataWaitMs = options.metadataWaitMs
    this.#kafka = new Kafka(options.kafka)
  }

  /** Null before brokers have told. */
  get clusterId(): string | null {
    return this.#kafka.clusterId
  }

  /** Reaches the cluster. */
  async connect(options: { readonly signal: AbortSignal }): Promise<void> {
    await this.#metadataSource.connect(options)
  }

  /** The topic's partitions, as brokers last described them. */
  async partitionsOf(topic: string): Promise<PartitionMetadata[]> {
    const of = await this.#metadataSource.partitionsFor(topic, { timeoutMs: this.metadataWaitMs })
    const known = this.#described.get(topic)
    if (known?.of === of) return known.partitions
    const partitions = describePartitions(of)
    this.#described.set(topic, { of, partitions })
    return partitions
  }

  /** Lets `close` wait for a call. */
  async track<Result>(call: Promise<Result>): Promise<Result> {
    this.#underWay.add(call)
    try {
      return await call
    } finally {
      this.#underWay.delete(call)
    }
  }

  /** The producer for messages outside of transactions. */
  plain(acks: Acks): Producer {
    let producer = this.#plain.get(acks)
    if (producer === undefined) {
      producer = this.#kafka.producer({ ...this.#options.producer, acks })
      this.#plain.set(acks, producer)
    }
    return producer
  }

  /** The producer for transactions; only with a transactional id. */
  transactional(): Producer {
    this.#transactional ??= this.#kafka.producer({
      ...this.#options.producer,
      ...this.#options.transactional,
    })
    return this.#transactional
  }

  /** Waits for the calls under way, also for those that do not know their topic yet; then ends. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#underWay)
    const producers = [...this.#plain.values(), ...(this.#transactional ? [this.#transactional] : [])]
    await Promise.all(producers.map((producer) => producer.close()))
  }

  get #metadataSource(): Producer {
    return this.plain(-1)
  }
}
