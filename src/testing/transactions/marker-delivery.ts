import { ErrorCode } from '../../base/error-codes'
import { formatTopicPartition, type TopicPartition } from '../../base/topic-partition'
import type { PartitionEvent, TransactionMarker } from '../contracts/partition'
import { errorCodeOf, errorMessageOf } from '../contracts/kafka-failure'
import type { TransactionalPartition, TransactionServices } from './transaction-services'

/** The topic whose markers also settle the offsets of a transaction. */
export const offsetsTopic = '__consumer_offsets'

/** What one ending transaction has written, and whom to tell. */
export interface MarkerDeliveryOptions {
  readonly transactionalId: string
  readonly partitions: readonly TopicPartition[]
  /** Asked for each attempt: the coordinator's epoch grows when it moves meanwhile. */
  readonly marker: () => TransactionMarker
  /** Called once, when all partitions have their marker or are gone. */
  readonly onDelivered: () => void
}

/**
 * Writes the markers of one ending transaction and waits, as long as it takes, for what hinders it: a partition
 * without a leader, a leader that does not answer, replicas that lag. Nothing is polled: partition and brokers say
 * when it is worth another attempt. What is deleted needs no marker.
 */
export class MarkerDelivery {
  readonly #services: TransactionServices
  readonly #options: MarkerDeliveryOptions
  /** What is not written yet, each with what ends its waiting. */
  readonly #waiting = new Map<TopicPartition, () => void>()
  #isOver = false

  constructor(services: TransactionServices, options: MarkerDeliveryOptions) {
    this.#services = services
    this.#options = options
  }

  start(): void {
    for (const partition of this.#options.partitions) this.#waiting.set(partition, () => undefined)
    for (const partition of this.#options.partitions) this.#attempt(partition)
    this.#endWhenAllWritten()
  }

  /** Gives up what is not written: another delivery takes its place. */
  stop(): void {
    this.#isOver = true
    for (const unwatch of this.#waiting.values()) unwatch()
    this.#waiting.clear()
  }

  #attempt(key: TopicPartition): void {
    const endWait = this.#waiting.get(key)
    if (endWait === undefined) return
    endWait()
    const partition = this.#services.topics.partition(key.topic, key.partition)
    if (partition === undefined || partition.isDeleted) return this.#written(key)
    if (this.#services.brokers.get(partition.leaderId)?.state !== 'running')
      return this.#retryLater(key, partition)
    try {
      const { lastOffset } = partition.appendMarker(this.#options.marker())
      if (partition.highWatermark > lastOffset) this.#written(key)
      else this.#awaitReplication(key, partition, lastOffset)
    } catch (error) {
      this.#onRefused(key, partition, error)
    }
  }

  #onRefused(key: TopicPartition, partition: TransactionalPartition, error: unknown): void {
    const code = errorCodeOf(error)
    if (code !== ErrorCode.INVALID_PRODUCER_EPOCH && code !== ErrorCode.TRANSACTION_COORDINATOR_FENCED) {
      return this.#retryLater(key, partition)
    }
    // Kafka's coordinator stops here too: the transaction stays prepared until the coordinator moves.
    this.#services.runtime.logger.warn('A partition refused the marker of a transaction', {
      transactionalId: this.#options.transactionalId,
      partition: formatTopicPartition(key),
      reason: errorMessageOf(error),
    })
    this.stop()
  }

  #retryLater(key: TopicPartition, partition: TransactionalPartition): void {
    const again = (): void => this.#attemptAndEnd(key)
    const unwatchPartition = partition.watch(again)
    const unwatchBrokers = this.#services.brokers.watch(again)
    this.#waiting.set(key, () => {
      unwatchPartition()
      unwatchBrokers()
    })
  }

  #awaitReplication(key: TopicPartition, partition: TransactionalPartition, offset: bigint): void {
    const unwatch = partition.watch((event: PartitionEvent) => {
      if (event === 'leader' || event === 'deleted') return this.#attemptAndEnd(key)
      if (partition.highWatermark <= offset) return
      this.#written(key)
      this.#endWhenAllWritten()
    })
    this.#waiting.set(key, unwatch)
  }

  #attemptAndEnd(key: TopicPartition): void {
    this.#attempt(key)
    this.#endWhenAllWritten()
  }

  #written(key: TopicPartition): void {
    this.#waiting.get(key)?.()
    this.#waiting.delete(key)
    if (key.topic !== offsetsTopic) return
    const { producerId, committed } = this.#options.marker()
    this.#services.offsets.completeTransaction(producerId, key.partition, committed)
  }

  #endWhenAllWritten(): void {
    if (this.#isOver || this.#waiting.size > 0) return
    this.#isOver = true
    this.#options.onDelivered()
  }
}
