import type { TransactionMarker } from './partition'

/** One stored batch. Replicas share the same object. */
export interface StoredBatch {
  /** The bytes as they are sent to consumers: offsets, leader epoch and timestamps are the broker's. */
  readonly bytes: Buffer
  readonly baseOffset: bigint
  readonly lastOffset: bigint
  readonly leaderEpoch: number
  readonly maxTimestamp: number
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly lastSequence: number
  readonly isTransactional: boolean
  readonly isControl: boolean
  /** Wall time of the append. */
  readonly appendedAt: number
}

/** What a read gave: whole batches, the first of which may start before the offset that was asked for. */
export interface LogRead {
  /** To be sent one after the other, without a copy. */
  readonly pieces: readonly Buffer[]
  readonly bytes: number
  /** Offset behind the last batch of the read. */
  readonly nextOffset: bigint
}

export interface ReadOptions {
  readonly offset: bigint
  /** Batches are whole: the first one is given although it is larger, when `atLeastOne`. */
  readonly maxBytes: number
  readonly atLeastOne: boolean
  /** Nothing at or beyond is given. */
  readonly upTo: bigint
}

export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: bigint
}

export interface OffsetAndTimestamp {
  readonly offset: bigint
  readonly timestamp: number
  readonly leaderEpoch: number
}

export interface EpochEndOffset {
  /** -1 when not known. */
  readonly leaderEpoch: number
  readonly endOffset: bigint
}

/** What a log knows of one producer (DescribeProducers). */
export interface ActiveProducer {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly lastSequence: number
  readonly lastTimestamp: number
  readonly coordinatorEpoch: number
  /** -1 when no transaction is open. */
  readonly currentTxnStartOffset: bigint
}

/** What the log takes from the configs of topic and broker; read anew for each use, since configs change. */
export interface LogConfig {
  readonly maxMessageBytes: number
  readonly messageTimestampType: 'CreateTime' | 'LogAppendTime'
  readonly messageTimestampBeforeMaxMs: number
  readonly messageTimestampAfterMaxMs: number
  readonly compressionType: string
  readonly cleanupPolicy: readonly ('delete' | 'compact')[]
  readonly retentionMs: number
  readonly retentionBytes: number
  readonly segmentBytes: number
  readonly segmentMs: number
  readonly deleteRetentionMs: number
  readonly minCompactionLagMs: number
  readonly producerIdExpirationMs: number
}

/** Bytes that all logs of the cluster hold together; a batch that several replicas share counts once. */
export interface StorageBudget {
  /**
   * False when the bytes do not fit: the append ends in KAFKA_STORAGE_ERROR.
   * @param isNeeded they are taken in any case: a transaction must be able to end although memory is full
   */
  reserve(bytes: number, isNeeded?: boolean): boolean
  release(bytes: number): void
}

/** The log of one replica of one partition: batches, what producers did, open and aborted transactions, epochs. */
export interface PartitionLog {
  readonly startOffset: bigint
  readonly endOffset: bigint
  readonly sizeInBytes: number
  /** Offset of the first record of the oldest open transaction; undefined when none is open. */
  readonly firstUnstableOffset: bigint | undefined
  /**
   * What read_committed sees while `highWatermark` is what is replicated. A transaction stays unstable until its
   * marker is replicated too, so this is less than the smaller of the two above at times.
   */
  lastStableOffset(highWatermark: bigint): bigint
  readonly batches: readonly StoredBatch[]
  readonly latestEpoch: number

  /**
   * As leader: checks the batches by all rules of a Produce request, gives them offsets and the epoch, stores them.
   * A duplicate is answered by `duplicate`, and nothing is stored. With origin `coordinator` (default: `client`) the
   * rules for producers' sequences do not hold, as for offsets in a transaction.
   * @throws what Partition.append throws
   */
  append(
    records: Buffer,
    leaderEpoch: number,
    produceVersion: number,
    origin?: 'client' | 'coordinator',
  ): LogAppend
  appendMarker(marker: TransactionMarker, leaderEpoch: number): LogAppend
  /** As follower: takes what the leader stored, unchecked; it must follow the end of this log. */
  replicate(batches: readonly StoredBatch[]): void
  /** Throws away all from `offset` on, states of producers and transactions included: a follower that diverged. */
  truncateTo(offset: bigint): void
  /** Moves the start; batches that lie before it wholly are dropped. */
  advanceStart(offset: bigint): void
  read(options: ReadOptions): LogRead
  abortedTransactions(from: bigint, to: bigint): AbortedTransaction[]
  /** First record whose timestamp is `timestamp` or later; undefined when there is none before `upTo`. */
  offsetForTimestamp(timestamp: number, upTo: bigint): OffsetAndTimestamp | undefined
  /** The record with the highest timestamp; undefined in an empty log. */
  maxTimestamp(upTo: bigint): OffsetAndTimestamp | undefined
  /** End offset of an epoch, or of the largest epoch below it (KIP-320). */
  endOffsetForEpoch(epoch: number): EpochEndOffset
  /** Notes the start of a leader's time. */
  startEpoch(epoch: number): void
  activeProducers(): ActiveProducer[]
  /** Deletes by time and size, never beyond `upTo`. True when the start moved. */
  applyRetention(now: number, upTo: bigint): boolean
  /** Keeps the last record of each key below `upTo`, and drops what tombstones allow. */
  compact(now: number, upTo: bigint): void
}

/** What an append to a log gave. */
export interface LogAppend {
  readonly baseOffset: bigint
  readonly lastOffset: bigint
  readonly logAppendTime: number
  readonly isDuplicate: boolean
  /** What was stored now, for the followers; empty for a duplicate. */
  readonly stored: readonly StoredBatch[]
}
