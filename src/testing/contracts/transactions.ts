import type { Partition } from './partition'

export interface ProducerIdAndEpoch {
  readonly producerId: bigint
  readonly producerEpoch: number
}

/** What the others ask of the transaction coordinator. */
export interface Transactions {
  /** A new producer id, unique in the cluster. */
  newProducerId(): bigint
  /**
   * Before a transactional batch is appended: is the partition part of the producer's open transaction? With
   * `mayAdd` (Produce 12+, KIP-890) it is added by this. `knowsAbortable` (Produce 11+, default: `mayAdd`) tells
   * whether the client understands TRANSACTION_ABORTABLE. The codes are those that a Produce response has.
   * @throws TRANSACTION_ABORTABLE or INVALID_TXN_STATE, INVALID_PRODUCER_EPOCH, INVALID_PRODUCER_ID_MAPPING,
   *   CONCURRENT_TRANSACTIONS (with `mayAdd`), NOT_ENOUGH_REPLICAS for what older clients would not retry
   */
  verifyPartition(
    transactionalId: string,
    producer: ProducerIdAndEpoch,
    partition: Pick<Partition, 'topic' | 'index'>,
    mayAdd: boolean,
    knowsAbortable?: boolean,
  ): void
  /**
   * The same for the offsets of a group; the partition is one of `__consumer_offsets`. `mayAdd` from TxnOffsetCommit 5
   * on, `knowsAbortable` from 4 on.
   * @throws as `verifyPartition`, and coordinators' codes as they are
   */
  verifyOffsets(
    transactionalId: string,
    producer: ProducerIdAndEpoch,
    groupId: string,
    mayAdd: boolean,
    knowsAbortable?: boolean,
  ): void
  /**
   * For clients that begin transactions by producing (KIP-890): resolves when the end of their last one is complete, or
   * after `add.partitions.to.txn.retry.backoff.max.ms`. So Kafka's brokers spare them most CONCURRENT_TRANSACTIONS.
   * Undefined when nothing is under way.
   */
  whenEnded?(transactionalId: string): Promise<void> | undefined
}
