import type { HeartbeatRequest } from '../../wire/generated/broker/heartbeat'
import type { JoinGroupRequest, JoinGroupResponse } from '../../wire/generated/broker/join-group'
import type {
  LeaveGroupRequestMemberIdentity,
  LeaveGroupResponseMemberResponse,
} from '../../wire/generated/broker/leave-group'
import type { SyncGroupRequest, SyncGroupResponse } from '../../wire/generated/broker/sync-group'
import type { RequestContext } from './api-handler'

export type GroupKind = 'classic' | 'consumer' | 'share'

/** Who commits or fetches offsets, as the request says it. */
export interface OffsetCaller {
  /** Empty for a caller that is no member: the admin, or a consumer without a group protocol. */
  readonly memberId: string
  readonly groupInstanceId: string | null
  /** Generation of a classic group or member epoch of a consumer group; -1 for a caller that is no member. */
  readonly generationOrEpoch: number
  readonly isTransactional: boolean
  readonly apiVersion: number
}

/** A member, for those who look at a group from outside. */
export interface InspectedMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  /** Generation of a classic group, epoch of the member in other ones. */
  readonly epoch: number
  /** What it owns; empty while that is not decided. */
  readonly assignment: readonly { readonly topic: string; readonly partitions: readonly number[] }[]
}

/** What every kind of group can tell those who do not know its kind. */
export interface Group {
  readonly groupId: string
  readonly kind: GroupKind
  /** As Kafka writes it: Empty, PreparingRebalance, CompletingRebalance, Stable, Assigning, Reconciling, Dead. */
  readonly state: string
  /** `consumer`, `connect`, …; empty when not known. */
  readonly protocolType: string
  /** @throws UNKNOWN_MEMBER_ID, ILLEGAL_GENERATION, STALE_MEMBER_EPOCH, FENCED_INSTANCE_ID, REBALANCE_IN_PROGRESS, … */
  validateCommit(caller: OffsetCaller): void
  /**
   * Asked for each partition of a commit after `validateCommit`; a refusal fails the whole request. A consumer group lets
   * an older epoch commit what the member has had since then (KIP-1251). Default: nothing is refused.
   * @throws STALE_MEMBER_EPOCH
   */
  validatePartitionCommit?(caller: OffsetCaller, topic: string, partition: number): void
  /** @throws UNKNOWN_MEMBER_ID, STALE_MEMBER_EPOCH */
  validateFetch(memberId: string | null, memberEpoch: number): void
  /** True while a member reads the topic; such offsets can't be deleted or expire. */
  isSubscribedTo(topic: string): boolean
  /** @throws NON_EMPTY_GROUP while there are members */
  validateDelete(): void
  /** Its members, in no order. */
  inspectMembers?(): readonly InspectedMember[]
  /** Stops all timers; the group is gone. */
  close(): void
  /** The coordinator moved: those who wait for an answer get NOT_COORDINATOR, and all sessions start anew. */
  coordinatorMoved(): void
  /** Called for a commit by a member: it lives. */
  touch?(memberId: string, context: RequestContext): void
  /** @throws NON_EMPTY_GROUP while no offset of the group may be deleted. Default: they may. */
  validateOffsetDelete?(): void
  /**
   * The wall time from which the retention of an offset counts that was committed at `committedAt`; undefined while it
   * can't expire. Default: a share group's never expire, the others' count from their commit.
   */
  offsetRetentionStart?(committedAt: number): number | undefined
}

/**
 * A group that members of the classic protocol talk to: a classic group, or a consumer group that they are still in
 * while it is migrated (KIP-848). Refusals are thrown.
 */
export interface ClassicProtocolGroup extends Group {
  classicJoin(request: JoinGroupRequest, context: RequestContext): Promise<JoinGroupResponse>
  classicSync(request: SyncGroupRequest, context: RequestContext): Promise<SyncGroupResponse>
  classicHeartbeat(request: HeartbeatRequest, context: RequestContext): void
  /** One answer for each of the leaving members, in their order. */
  classicLeave(
    members: readonly LeaveGroupRequestMemberIdentity[],
    context: RequestContext,
  ): readonly LeaveGroupResponseMemberResponse[]
}

export function speaksClassicProtocol(group: Group): group is ClassicProtocolGroup {
  return 'classicJoin' in group
}

/** All groups of the cluster, of every kind; shared by the engines of the kinds. */
export interface GroupRegistry {
  readonly all: Iterable<Group>
  get(groupId: string): Group | undefined
  add(group: Group): void
  /** Removes and closes. The offsets stay; see OffsetStore.deleteGroup. */
  remove(groupId: string): void
  /** Puts another group in the place of one, offsets kept: a classic group becomes a consumer group, or the reverse. */
  replace(group: Group): void
}

/** A committed offset. */
export interface CommittedOffset {
  readonly offset: bigint
  /** -1 when not known. */
  readonly leaderEpoch: number
  readonly metadata: string
  readonly committedAt: number
  /** Zero id when not known. */
  readonly topicId: string
  /** Wall time at which it expires, of a commit that named its own retention (OffsetCommit 2 to 4). */
  readonly expiresAt?: number
}

/** The offsets of all groups: committed ones, and those of open transactions (KIP-447). */
export interface OffsetStore {
  get(groupId: string, topic: string, partition: number): CommittedOffset | undefined
  /** All offsets of a group, by topic and partition. */
  list(groupId: string): ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>>
  put(groupId: string, topic: string, partition: number, offset: CommittedOffset): void
  delete(groupId: string, topic: string, partition: number): void
  deleteGroup(groupId: string): void
  deleteTopic(topic: string): void
  /** Keeps an offset until its transaction ends. */
  putPending(
    producerId: bigint,
    groupId: string,
    topic: string,
    partition: number,
    offset: CommittedOffset,
  ): void
  /** True when a transaction that is not ended has an offset for it: UNSTABLE_OFFSET_COMMIT for those who ask. */
  hasPending(groupId: string, topic: string, partition: number): boolean
  /** True when a transaction that is not ended has any offset of the group. */
  hasPendingInGroup(groupId: string): boolean
  /** A marker was written to a partition of `__consumer_offsets`: pending offsets become committed, or go. */
  completeTransaction(producerId: bigint, offsetsPartition: number, committed: boolean): void
}
