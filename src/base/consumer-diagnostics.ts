import type { KafkaError } from './errors'
import type { TopicPartition } from './topic-partition'

/** What all events of a consumer say. */
export interface ConsumerEvent {
  readonly clientId: string
  /** Null for a consumer without a group. */
  readonly groupId: string | null
}

/** A member begins to join its group, or its partitions are divided anew; `rebalanced` follows when it is over. */
export interface RebalanceBeganEvent extends ConsumerEvent {
  /** Empty for one that is not a member yet, or not any more. */
  readonly memberId: string
  /** Generation of the classic protocol, member epoch of KIP-848; -1 for one that is not a member. */
  readonly generationId: number
}

/** The coordinator accepted a heartbeat. */
export interface HeartbeatEvent extends ConsumerEvent {
  readonly memberId: string
  /** Generation of the classic protocol, member epoch of KIP-848. */
  readonly generationId: number
  readonly latencyMs: number
}

/** The group gave this member its partitions: at its join, or when it divided them anew. */
export interface RebalancedEvent extends ConsumerEvent {
  readonly memberId: string
  /** Generation of the classic protocol, member epoch of KIP-848. */
  readonly generationId: number
  /** The member that divided the partitions; null with KIP-848, where the brokers do. */
  readonly leaderId: string | null
  /** Name of the assignor by which it did; null with KIP-848. */
  readonly assignor: string | null
  /** Milliseconds from when this member began to join, or to give partitions up, until its listeners had returned. */
  readonly durationMs: number
  /** Partitions that were added. */
  readonly added: number
  /** Partitions that were given up for this rebalance. */
  readonly revoked: number
  /** Partitions that were gone without notice since the last one. */
  readonly lost: number
}

/** Partitions came or went, and the listener for it has returned. */
export interface PartitionsEvent extends ConsumerEvent {
  readonly partitions: readonly TopicPartition[]
  /** Milliseconds that it took: waits for handlers, commits and the listener included. */
  readonly durationMs: number
}

/** The group took the member out: its session ended, or its generation is over. It joins again by itself. */
export interface SessionLostEvent extends ConsumerEvent {
  /** In words. */
  readonly reason: string
}

/** A position, as it is committed. */
export interface PositionOfPartition extends TopicPartition {
  /** Of the next message to read. */
  readonly offset: bigint
}

/** Positions were stored in the group. */
export interface CommittedEvent extends ConsumerEvent {
  readonly offsets: readonly PositionOfPartition[]
  /** Milliseconds, retries included. */
  readonly durationMs: number
}

/** Positions were not stored, or nobody knows whether they were. */
export interface CommitFailedEvent extends CommittedEvent {
  readonly error: KafkaError
}

/** A fetch was sent; `fetched` or `fetch-failed` follows, unless the consumer ends before. */
export interface FetchStartedEvent extends ConsumerEvent {
  readonly nodeId: number
}

/** A broker answered a fetch. */
export interface FetchedEvent extends ConsumerEvent {
  readonly nodeId: number
  /** Partitions that the answer has something to say about; the others have nothing new. */
  readonly partitions: number
  /** Bytes of records, as they came. */
  readonly byteLength: number
  /** Records in them, by the headers of their batches: with those of aborted transactions, and markers. */
  readonly recordCount: number
  /** Milliseconds from the request to its answer; a broker without news holds it back for up to `fetchMaxWaitMs`. */
  readonly latencyMs: number
  readonly throttleMs: number
}

/**
 * Reading moved over records of which none is handed out: markers of transactions, messages of aborted ones, and what
 * compaction has left of a batch. The position is behind them, although no message was finished.
 */
export interface RecordsPassedOverEvent extends ConsumerEvent, TopicPartition {
  /** Of the first of them. */
  readonly fromOffset: bigint
  /** Where reading goes on. */
  readonly endOffset: bigint
  /** End of the partition's log as of the last fetch; -1 when it is not known. */
  readonly highWatermark: bigint
}

/** A fetch had no answer; it is sent again. */
export interface FetchFailedEvent extends ConsumerEvent {
  readonly nodeId: number
  readonly latencyMs: number
  readonly error: KafkaError
}

/** Something that should move has not moved for `stallTimeoutMs`, or moves again. */
export interface StallEvent extends ConsumerEvent {
  /** `fetch`, `handler`, …: as in `consumer.health().stalls`. */
  readonly kind: string
  readonly partitions: readonly TopicPartition[]
  /** Undefined where no broker is to blame, or none is known. */
  readonly nodeId: number | undefined
  /** In words, with the last error. */
  readonly reason: string
  /** Milliseconds for which it has lasted. */
  readonly durationMs: number
}

/** An error that the user is told, by the call that reads or by the next one. */
export interface ConsumerErrorEvent extends ConsumerEvent {
  readonly error: KafkaError
  /** True when this consumer can't go on. */
  readonly isFatal: boolean
}

/** What consumers publish on which channel of `node:diagnostics_channel`. */
export interface ConsumerDiagnosticsEvents {
  'typed-kafka:consumer:rebalance-began': RebalanceBeganEvent
  'typed-kafka:consumer:rebalanced': RebalancedEvent
  'typed-kafka:consumer:partitions-assigned': PartitionsEvent
  'typed-kafka:consumer:partitions-revoked': PartitionsEvent
  'typed-kafka:consumer:partitions-lost': PartitionsEvent
  'typed-kafka:consumer:session-lost': SessionLostEvent
  'typed-kafka:consumer:heartbeat': HeartbeatEvent
  'typed-kafka:consumer:committed': CommittedEvent
  'typed-kafka:consumer:commit-failed': CommitFailedEvent
  'typed-kafka:consumer:fetch-started': FetchStartedEvent
  'typed-kafka:consumer:fetched': FetchedEvent
  'typed-kafka:consumer:fetch-failed': FetchFailedEvent
  'typed-kafka:consumer:records-passed-over': RecordsPassedOverEvent
  'typed-kafka:consumer:stall-began': StallEvent
  'typed-kafka:consumer:stall-ended': StallEvent
  'typed-kafka:consumer:error': ConsumerErrorEvent
}
