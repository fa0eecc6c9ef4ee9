import type { PartitionLog } from './partition-log'

/**
 * What can have changed when a partition calls back. `leader-reachable`: the leader's broker runs again before the
 * controller noticed that it did not; leader and epoch are as before, and appends succeed again.
 */
export type PartitionEvent =
  'append' | 'high-watermark' | 'leader' | 'leader-reachable' | 'log-start' | 'deleted'

/** Where bytes come from, which decides what is checked and written. */
export interface AppendOptions {
  /** `client`: checked as a Produce request; `coordinator`: a transaction's marker or an internal record. */
  readonly origin: 'client' | 'coordinator'
  /** Epoch of the transaction coordinator, of markers. Default: -1. */
  readonly coordinatorEpoch?: number
  /** Version of the Produce request; decides which codecs are allowed. Default: the newest. */
  readonly produceVersion?: number
}

/** What became of an append. */
export interface AppendedBatches {
  readonly baseOffset: bigint
  readonly lastOffset: bigint
  /** The broker's time with LogAppendTime, else -1. */
  readonly logAppendTime: number
  readonly logStartOffset: bigint
  /** True when the batch was stored before: the offsets are those of then. */
  readonly isDuplicate: boolean
}

/**
 * One partition: who leads it, who follows, and a log on each replica. Followers that run and are in sync get each
 * batch in the moment the leader has it (by reference, so that replicas cost no memory), unless their replication is
 * held; those that stay behind leave the in-sync set after `replica.lag.time.max.ms`.
 */
export interface Partition {
  readonly topic: string
  readonly topicId: string
  readonly index: number
  /** -1 while nobody leads. */
  readonly leaderId: number
  readonly leaderEpoch: number
  readonly partitionEpoch: number
  /** In their order of preference. */
  readonly replicas: readonly number[]
  readonly inSyncReplicas: readonly number[]
  readonly addingReplicas: readonly number[]
  readonly removingReplicas: readonly number[]
  readonly isDeleted: boolean

  /** The log on a broker; undefined where there is no replica. */
  log(brokerId: number): PartitionLog | undefined
  /** The leader's log. @throws NOT_LEADER_OR_FOLLOWER while nobody leads */
  readonly leaderLog: PartitionLog
  readonly logStartOffset: bigint
  readonly logEndOffset: bigint
  /** What all in-sync replicas have; consumers see nothing beyond. */
  readonly highWatermark: bigint
  /** Offset of the first record of an open transaction, or the high watermark: what read_committed sees. */
  readonly lastStableOffset: bigint
  /** `min.insync.replicas`, bounded by the number of replicas. */
  readonly minInSyncReplicas: number

  /**
   * Checks and stores whole batches at the leader, and replicates them. The bytes are the log's from then on.
   * @throws CORRUPT_MESSAGE, MESSAGE_TOO_LARGE, OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_PRODUCER_EPOCH, INVALID_RECORD,
   *   INVALID_TIMESTAMP, KAFKA_STORAGE_ERROR, …
   */
  append(records: Buffer, options: AppendOptions): AppendedBatches

  /**
   * Stores the marker that ends a producer's transaction here.
   * @throws INVALID_PRODUCER_EPOCH for an older epoch, TRANSACTION_COORDINATOR_FENCED for an older coordinator
   */
  appendMarker(marker: TransactionMarker): AppendedBatches

  /** Resolves once the high watermark passed `offset`; rejects when the leader changes or the time is over. */
  whenReplicated(offset: bigint, timeoutMs: number): Promise<void>

  /** Deletes all records before `offset`; -1 for all up to the high watermark. Answers the new log start. */
  deleteRecordsBefore(offset: bigint): bigint

  /** The high watermark that a replica knows: the leader's own, or what reached the follower so far. */
  highWatermarkOn(brokerId: number): bigint
  /** What read_committed sees on a replica. */
  lastStableOffsetOn(brokerId: number): bigint

  /**
   * Lets the controller elect: the first replica (`preferred`), or any living one although records are lost (`unclean`).
   * @throws ELECTION_NOT_NEEDED, PREFERRED_LEADER_NOT_AVAILABLE, ELIGIBLE_LEADERS_NOT_AVAILABLE
   */
  electLeader(type: 'preferred' | 'unclean'): void

  /**
   * Other replicas. Done at once when the new ones run and are caught up, else when they are.
   * @throws INVALID_REPLICA_ASSIGNMENT
   */
  reassign(replicas: readonly number[]): void
  /** Back to the replicas of before. @throws NO_REASSIGNMENT_IN_PROGRESS, INVALID_REPLICA_ASSIGNMENT */
  cancelReassignment(): void

  /** Lets a follower get no more batches, as if its fetches were lost; it leaves the in-sync set when it lagged too long. */
  holdReplication(brokerId: number): void
  /** Lets a held follower go on: it truncates what the leader lacks, catches up and joins the in-sync set. */
  releaseReplication(brokerId: number): void

  /** Deletes on all running replicas what retention no longer keeps. */
  applyRetention(): void
  /** Compacts the logs of all running replicas, whatever the cleanup policy says. */
  compact(): void

  /** Another leader, with a new epoch. @throws INVALID_REPLICA_ASSIGNMENT, ELIGIBLE_LEADERS_NOT_AVAILABLE */
  moveLeader(to: number): void

  /** Calls back after each change; not for what happened before. */
  watch(listener: (event: PartitionEvent) => void): () => void
}

/** The end of a transaction, as the coordinator has it written into each partition. */
export interface TransactionMarker {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly committed: boolean
  readonly coordinatorEpoch: number
  /** 2 with KIP-890: the epoch of the marker is one above that of the records. */
  readonly transactionVersion: 1 | 2
}
