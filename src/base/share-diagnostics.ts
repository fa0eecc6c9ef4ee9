import type { ConsumerErrorEvent, FetchedEvent, FetchFailedEvent, StallEvent } from './consumer-diagnostics'
import type { KafkaError } from './errors'
import type { TopicPartition } from './topic-partition'

/** What all events of a share consumer say. */
export interface ShareConsumerEvent {
  readonly clientId: string
  readonly groupId: string
}

/** The coordinator took the member in: at its start, or again. */
export interface ShareJoinedEvent extends ShareConsumerEvent {
  readonly memberId: string
  readonly memberEpoch: number
  /** Milliseconds since it began to join. */
  readonly durationMs: number
}

/** The coordinator took the member out against its will. It joins again by itself. */
export interface ShareSessionLostEvent extends ShareConsumerEvent {
  /** In words. */
  readonly reason: string
}

/** Partitions are read from now on, or not any more; others may read them at the same time. */
export interface SharePartitionsEvent extends ShareConsumerEvent {
  readonly partitions: readonly TopicPartition[]
}

/** A broker answered a fetch. Batches come as a whole: `recordCount` counts those of other members with them. */
export interface ShareFetchedEvent extends FetchedEvent {
  readonly groupId: string
  /** Offsets that were acquired for this member. */
  readonly acquiredCount: number
}

/** A fetch had no answer: what was acquired from that broker is lost, and is delivered again. */
export interface ShareFetchFailedEvent extends FetchFailedEvent {
  readonly groupId: string
}

/** Offsets of one partition that were acknowledged in the same way, both ends included. */
export interface AcknowledgedRange {
  readonly firstOffset: bigint
  readonly lastOffset: bigint
  /** What was said of them; see `AcknowledgeType`. */
  readonly type: 'accept' | 'release' | 'reject' | 'renew'
}

/** The broker took acknowledgements for one partition. */
export interface AcknowledgedEvent extends ShareConsumerEvent, TopicPartition {
  /** The broker that holds the locks. */
  readonly nodeId: number
  readonly ranges: readonly AcknowledgedRange[]
}

/** Acknowledgements for one partition were refused, got no answer, or came too late to be sent. */
export interface AcknowledgementFailedEvent extends AcknowledgedEvent {
  readonly error: KafkaError
}

/** Locks ended before their messages were acknowledged: they are delivered again, to this member or another. */
export interface LocksExpiredEvent extends ShareConsumerEvent, TopicPartition {
  /** Offsets whose locks ended together. */
  readonly count: number
}

/** Something that should move has not moved for `stallTimeoutMs`, or moves again. */
export interface ShareStallEvent extends StallEvent {
  readonly groupId: string
}

/** An error that the user is told, by the call that reads or by the next one. */
export interface ShareConsumerErrorEvent extends ConsumerErrorEvent {
  readonly groupId: string
}

/** What share consumers publish on which channel of `node:diagnostics_channel`. */
export interface ShareConsumerDiagnosticsEvents {
  'typed-kafka:share-consumer:joined': ShareJoinedEvent
  'typed-kafka:share-consumer:session-lost': ShareSessionLostEvent
  'typed-kafka:share-consumer:partitions-assigned': SharePartitionsEvent
  'typed-kafka:share-consumer:partitions-revoked': SharePartitionsEvent
  'typed-kafka:share-consumer:fetched': ShareFetchedEvent
  'typed-kafka:share-consumer:fetch-failed': ShareFetchFailedEvent
  'typed-kafka:share-consumer:acknowledged': AcknowledgedEvent
  'typed-kafka:share-consumer:acknowledgement-failed': AcknowledgementFailedEvent
  'typed-kafka:share-consumer:locks-expired': LocksExpiredEvent
  'typed-kafka:share-consumer:stall-began': ShareStallEvent
  'typed-kafka:share-consumer:stall-ended': ShareStallEvent
  'typed-kafka:share-consumer:error': ShareConsumerErrorEvent
}
