import type { Partition } from '../cluster/partition'

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
   * `mayAdd` (Produce 12+, KIP-890) it is added by this. Answers at once or later.
   * @throws INVALID_TXN_STATE, INVALID_PRODUCER_EPOCH, INVALID_PRODUCER_ID_MAPPING, CONCURRENT_TRANSACTIONS, …
   */
  verifyPartition(
    transactionalId: string,
    producer: ProducerIdAndEpoch,
    partition: Pick<Partition, 'topic' | 'index'>,
    mayAdd: boolean,
  ): void
  /** The same for the offsets of a group (TxnOffsetCommit); the partition is one of `__consumer_offsets`. */
  verifyOffsets(transactionalId: string, producer: ProducerIdAndEpoch, groupId: string, mayAdd: boolean): void
}
