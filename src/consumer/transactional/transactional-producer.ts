import type { TopicPartition } from '../../base/topic-partition'
import type { ConsumerGroupMetadata } from '../group/group-membership'

/** A position that is committed with a transaction: the offset of the next message to read. */
export interface PositionInTransaction extends TopicPartition {
  readonly offset: bigint
  /** Leader epoch of the last message read; -1 when it is not known. */
  readonly leaderEpoch: number
}

/** What consuming asks of an open transaction; that of `producer.beginTransaction()` has it. */
export interface OffsetTransaction {
  sendOffsets(offsets: readonly PositionInTransaction[], group: ConsumerGroupMetadata): Promise<void>
  commit(): Promise<void>
  abort(): Promise<void>
}

/** What consuming asks of a producer: one that was made with a `transactionalId`. */
export interface TransactionalProducer<Tx extends OffsetTransaction = OffsetTransaction> {
  beginTransaction(): Promise<Tx>
}

/** A transaction without its end, which is not the handler's. */
export type HandlerTransaction<Tx extends OffsetTransaction> = Omit<Tx, 'commit' | 'abort'>
