import type { Deadline } from '../../base/deadline'
import type { KafkaError } from '../../base/errors'
import type { TopicPartition } from '../../base/topic-partition'
import type { PartitionAssignor } from '../assignors/partition-assignor'

/** What a member wants to read: topics by name, all whose names match a pattern, or both. Neither: nothing. */
export interface Subscription {
  readonly topics: readonly string[]
  /**
   * Matches names as `RegExp.test` does. With KIP-848 the brokers evaluate it (see `re2Of`); with the classic protocol
   * the client does, through `watchTopics`.
   */
  readonly pattern: RegExp | null
}

/**
 * Finds the topics whose names match, for the protocol whose brokers do not: calls `onTopics` once they are known, and
 * again whenever there are others. Never while it is called itself.
 * @returns what ends it
 */
export type WatchTopics = (
  pattern: RegExp,
  onTopics: (names: readonly string[]) => void,
  onRefused: (error: KafkaError) => void,
) => () => void

/** Who a member is at this moment; a transaction that commits offsets for the group carries it (KIP-447). */
export interface ConsumerGroupMetadata {
  readonly groupId: string
  /** Generation of the classic protocol, member epoch of the next one; -1 while not a member. */
  readonly generationId: number
  /** Empty while not a member. */
  readonly memberId: string
  readonly groupInstanceId: string | null
}

/** A committed position: the offset of the next message to read. */
export interface OffsetAndMetadata {
  readonly offset: bigint
  /** Leader epoch of the last message read; -1 when it is not known. */
  readonly leaderEpoch: number
  /** Free text stored with the offset; empty for none. */
  readonly metadata: string
}

/** The committed position of one partition. */
export interface PartitionOffset extends TopicPartition, OffsetAndMetadata {}

/** What the group has committed for one partition; `committed` is null when it never committed. */
export interface CommittedPartition extends TopicPartition {
  readonly committed: OffsetAndMetadata | null
}

/** The group's committed offsets, as one member (or a consumer outside the membership) reads and writes them. */
export interface GroupOffsets {
  /**
   * Stores these positions for the group. Commits are serial: one waits for the one before it, so an older commit
   * never lands after a newer one. Retriable errors are retried until the deadline; a commit called between
   * JoinGroup and the answer of SyncGroup waits for it.
   *
   * A position belongs to the ownership it was called under. When the partition is not owned, or has been given
   * away in the meantime (also if it came back), the call rejects with code `COMMIT_FAILED` for it and nothing is
   * written for that partition; the others of the call are. Any other error of one partition (`OFFSET_METADATA_TOO_LARGE`,
   * `TOPIC_AUTHORIZATION_FAILED`) rejects the call likewise, naming the first such partition.
   *
   * An empty list resolves at once without a request.
   */
  commit(offsets: readonly PartitionOffset[], deadline: Deadline): Promise<void>

  /**
   * The committed positions, in the order asked for. Waits for open transactions to end (KIP-447), retries until
   * the deadline, and rejects rather than calling an error "no offset".
   */
  fetchCommitted(
    partitions: readonly TopicPartition[],
    deadline: Deadline,
  ): Promise<readonly CommittedPartition[]>
}

/**
 * What the membership tells its owner. Calls never overlap: each waits until the promise of the one before has
 * settled. The rebalance waits for a call up to `rebalanceTimeoutMs`, then goes on without it.
 * A rejected promise does not stop the rebalance: it is handed to `onError`.
 */
export interface GroupListener {
  /** These partitions were added; called after every rebalance, also with an empty list (as the Java client does). */
  onAssigned(added: readonly TopicPartition[]): Promise<void>
  /** These are about to be given up. The member still owns them: a commit made in here works. Never empty. */
  onRevoked(revoked: readonly TopicPartition[]): Promise<void>
  /** These are already owned by others, or may be: no commit is possible. Never empty. */
  onLost(lost: readonly TopicPartition[]): Promise<void>
  /** The coordinator took the member out, or could not be reached in time; `onLost` follows if it owned anything. */
  onSessionLost?(reason: string): void
  /** Something failed that the next poll should tell the user; the membership goes on. */
  onError(error: KafkaError): void
  /**
   * The membership ended for good (fenced, no permission, no common assignor): nothing more will be assigned.
   * `onLost` was called first when partitions were owned.
   */
  onFatal(error: KafkaError): void
}

export interface CloseMembershipOptions {
  /**
   * Whether to send LeaveGroup, so that the group rebalances at once. `default`: leave, except with a
   * group instance id, whose owner is expected back within the session timeout (KIP-1092).
   */
  readonly leave: boolean | 'default'
}

/**
 * One member of one consumer group, whatever protocol it speaks. It owns the member id, the generation and the
 * assignment; partitions are the listener's between `onAssigned` and `onRevoked` or `onLost`.
 */
export interface GroupMembership extends GroupOffsets {
  /** Joins the group in the background. Called once. */
  start(subscription: Subscription): void
  /**
   * Replaces the subscription, at any time, also before `start` (then nothing happens yet). Partitions of topics that are
   * not in it any more are revoked, and none of theirs is assigned again. Nothing at all leaves the group until the next
   * call: what was assigned is revoked properly.
   */
  subscribe(subscription: Subscription): void
  /** Joins again, for instance because the rack or what the assignor's user data says has changed. */
  enforceRebalance(reason: string): void
  /**
   * The user has not asked for messages within max.poll.interval.ms: heartbeats stop, `onLost` is called, and a
   * dynamic member leaves the group. `resume` joins again.
   */
  suspend(reason: string): void
  /** Ends `suspend`; nothing happens when there was none. */
  resume(): void
  /** As of the last completed rebalance; generation -1 and no member id while there is none. */
  readonly metadata: ConsumerGroupMetadata
  /** What is owned now: after `onRevoked` or `onLost` was called for a partition it is no longer in here. */
  assignment(): readonly TopicPartition[]
  /**
   * Ends the membership: waits for a callback under way, calls `onRevoked` with all that is owned (commits work in
   * there; `onLost` if the membership is already gone), leaves the group if asked to, and frees connections and
   * timers. Never rejects and never outlives the deadline by more than a turn; a second call waits for the first.
   */
  close(deadline: Deadline, options: CloseMembershipOptions): Promise<void>
}

export interface GroupMembershipOptions {
  /** `group.id` */
  readonly groupId: string
  /** `group.instance.id` (KIP-345); null for a dynamic member. */
  readonly groupInstanceId: string | null
  /** `session.timeout.ms`: without a heartbeat for so long the broker gives the partitions away. */
  readonly sessionTimeoutMs: number
  /** How long the group waits for a member to join a rebalance; Java passes `max.poll.interval.ms`. */
  readonly rebalanceTimeoutMs: number
  /** `heartbeat.interval.ms` */
  readonly heartbeatIntervalMs: number
  /** `partition.assignment.strategy`, the preferred one first; at least one. */
  readonly assignors: readonly PartitionAssignor[]
  /** `client.rack`, for rack-aware assignment (KIP-881); null for none. */
  readonly rackId: string | null
  /** `allow.auto.create.topics` */
  readonly allowAutoTopicCreation: boolean
  /** Needed for a subscription by pattern with the classic protocol. */
  readonly watchTopics?: WatchTopics
}
