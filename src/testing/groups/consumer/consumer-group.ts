import type { HeartbeatRequest } from '../../../wire/generated/broker/heartbeat'
import type { JoinGroupRequest, JoinGroupResponse } from '../../../wire/generated/broker/join-group'
import type {
  LeaveGroupRequestMemberIdentity,
  LeaveGroupResponseMemberResponse,
} from '../../../wire/generated/broker/leave-group'
import type { SyncGroupRequest, SyncGroupResponse } from '../../../wire/generated/broker/sync-group'
import { fail } from '../../contracts/kafka-failure'
import type { RequestContext } from '../../contracts/api-handler'
import type { Services } from '../../contracts/services'
import type { ClassicProtocolGroup, InspectedMember, OffsetCaller } from '../../contracts/group'
import { type ConsumerMember, isReconciledTo, newMember } from './consumer-member'
import { MemberTimers } from './member-timers'
import { type EpochedPartitions, type PartitionSet, noPartitions } from './assignors/partition-sets'
import { namedPartitions, subscribedNames } from './subscriptions'

/** The states of a consumer group, as Kafka writes them. */
export type ConsumerGroupState = 'Empty' | 'Assigning' | 'Reconciling' | 'Stable'

/** Serves the members of a consumer group that still speak the classic protocol. */
export interface ClassicProtocolOfGroup {
  join(group: ConsumerGroup, request: JoinGroupRequest, context: RequestContext): Promise<JoinGroupResponse>
  sync(group: ConsumerGroup, request: SyncGroupRequest): Promise<SyncGroupResponse>
  heartbeat(group: ConsumerGroup, request: HeartbeatRequest): void
  leave(
    group: ConsumerGroup,
    members: readonly LeaveGroupRequestMemberIdentity[],
  ): readonly LeaveGroupResponseMemberResponse[]
}

/** What a group has others do. */
export interface ConsumerGroupParts {
  readonly services: Services
  readonly classic: ClassicProtocolOfGroup
  readonly onMoved: (group: ConsumerGroup) => void
}

/**
 * One KIP-848 group: its members, what they have and what they shall have. Changed only by ConsumerGroups (and what
 * serves classic members in it); who owns a partition, and which topics are read, follow from the members.
 */
export class ConsumerGroup implements ClassicProtocolGroup {
  readonly kind = 'consumer'
  readonly protocolType = 'consumer'
  readonly groupId: string
  readonly timers: MemberTimers
  groupEpoch = 1
  /** Epoch of the target assignment; behind the group's until the next one is computed. */
  targetEpoch = 0
  /** When the target was computed; undefined before. */
  targetAt: number | undefined
  readonly targets = new Map<string, PartitionSet>()
  /** Fingerprint of the topics that are read. */
  topicsFingerprint = ''
  /** Counts changes of topics and brokers that were looked at; -1 to look again. */
  seenMetadata = -1
  readonly resolvedPatterns = new Map<string, ReadonlySet<string>>()
  readonly #members = new Map<string, ConsumerMember>()
  readonly #staticMembers = new Map<string, string>()
  /** Who has a partition now, or has still to give it up. */
  readonly #owners = new Map<string, string>()
  readonly #parts: ConsumerGroupParts

  constructor(groupId: string, parts: ConsumerGroupParts) {
    this.groupId = groupId
    this.timers = new MemberTimers(parts.services.runtime.clock)
    this.#parts = parts
  }

  /** By member id, in the order they came. */
  get members(): ReadonlyMap<string, ConsumerMember> {
    return this.#members
  }

  get state(): ConsumerGroupState {
    if (this.#members.size === 0) return 'Empty'
    if (this.groupEpoch > this.targetEpoch) return 'Assigning'
    for (const member of this.#members.values()) {
      if (!isReconciledTo(member, this.targetEpoch)) return 'Reconciling'
    }
    return 'Stable'
  }

  /** @throws UNKNOWN_MEMBER_ID unless it may be made */
  member(memberId: string, mayCreate = false): ConsumerMember {
    const member = this.#members.get(memberId)
    if (member !== undefined) return member
    if (mayCreate) return newMember(memberId)
    throw fail('UNKNOWN_MEMBER_ID', `Member ${memberId} is not a member of group ${this.groupId}.`)
  }

  staticMember(instanceId: string): ConsumerMember | undefined {
    const memberId = this.#staticMembers.get(instanceId)
    return memberId === undefined ? undefined : this.#members.get(memberId)
  }

  /** Adds a member, or puts its next state in the place of the one before. */
  setMember(member: ConsumerMember): void {
    const before = this.#members.get(member.memberId)
    if (before === member) return
    if (before !== undefined) this.#disown(before)
    this.#members.set(member.memberId, member)
    if (member.instanceId !== null) this.#staticMembers.set(member.instanceId, member.memberId)
    this.#own(member)
  }

  /** Takes a member out, with its target and timers. */
  removeMember(memberId: string): void {
    const member = this.#members.get(memberId)
    if (member === undefined) return
    this.#disown(member)
    this.#members.delete(memberId)
    this.targets.delete(memberId)
    this.timers.cancelAll(memberId)
    const { instanceId } = member
    if (instanceId !== null && this.#staticMembers.get(instanceId) === memberId) {
      this.#staticMembers.delete(instanceId)
    }
  }

  isOwnedByOther(memberId: string, topicId: string, partition: number): boolean {
    const owner = this.#owners.get(`${topicId}:${partition}`)
    return owner !== undefined && owner !== memberId
  }

  /** How many members read by this regular expression. */
  patternReaders(topicRegex: string): number {
    let count = 0
    for (const member of this.#members.values()) if (member.topicRegex === topicRegex) count++
    return count
  }

  /** All topic names that any member reads. */
  subscribedNames(): Set<string> {
    const names = new Set<string>()
    for (const member of this.#members.values()) {
      for (const name of subscribedNames(member, this.resolvedPatterns)) names.add(name)
    }
    return names
  }

  /** The assignor that most members ask for; undefined when nobody asks for one. */
  preferredAssignor(): string | undefined {
    const votes = new Map<string, number>()
    for (const { serverAssignor } of this.#members.values()) {
      if (serverAssignor !== null) votes.set(serverAssignor, (votes.get(serverAssignor) ?? 0) + 1)
    }
    return [...votes].sort((a, b) => b[1] - a[1])[0]?.[0]
  }

  validateCommit(caller: OffsetCaller): void {
    const { memberId, generationOrEpoch: epoch } = caller
    if (epoch < 0 && this.#members.size === 0) return
    if (caller.isTransactional && epoch === -1 && memberId === '' && caller.groupInstanceId === null) return
    const member = this.member(memberId)
    if (!caller.isTransactional && member.classic === null && caller.apiVersion < 9) {
      throw fail(
        'UNSUPPORTED_VERSION',
        'OffsetCommit version 9 or above must be used by members using the consumer group protocol',
      )
    }
    if (epoch <= member.memberEpoch) return
    if (member.classic !== null) {
      throw fail(
        'ILLEGAL_GENERATION',
        `Received generation id ${epoch} is newer than current member epoch ${member.memberEpoch}.`,
      )
    }
    throw fail(
      'STALE_MEMBER_EPOCH',
      `Received member epoch ${epoch} is newer than current member epoch ${member.memberEpoch}.`,
    )
  }

  /** An older epoch may commit what the member has had since then without a break (KIP-1251). */
  validatePartitionCommit(caller: OffsetCaller, topic: string, partition: number): void {
    const member = this.#members.get(caller.memberId)
    if (member === undefined || caller.generationOrEpoch >= member.memberEpoch) return
    const topicId = this.#parts.services.topics.byName(topic)?.id ?? ''
    const code = member.classic === null ? 'STALE_MEMBER_EPOCH' : 'ILLEGAL_GENERATION'
    const assignedAt =
      member.assigned.get(topicId)?.get(partition) ?? member.pendingRevocation.get(topicId)?.get(partition)
    if (assignedAt === undefined) {
      throw fail(code, `Partition ${topic}-${partition} is not assigned or pending revocation for member.`)
    }
    if (caller.generationOrEpoch < assignedAt) {
      const what = member.classic === null ? 'member epoch' : 'generation id'
      throw fail(
        code,
        `Received ${what} ${caller.generationOrEpoch} is older than assignment epoch ${assignedAt} for partition ${topic}-${partition}.`,
      )
    }
  }

  validateFetch(memberId: string | null, memberEpoch: number): void {
    if (memberId === null && memberEpoch < 0) return
    const member = this.member(memberId ?? '')
    if (memberEpoch === member.memberEpoch) return
    if (member.classic !== null) {
      throw fail(
        'ILLEGAL_GENERATION',
        `The received generation id ${memberEpoch} does not match the expected member epoch ${member.memberEpoch}.`,
      )
    }
    throw fail(
      'STALE_MEMBER_EPOCH',
      `The received member epoch ${memberEpoch} does not match the expected member epoch ${member.memberEpoch}.`,
    )
  }

  isSubscribedTo(topic: string): boolean {
    return this.subscribedNames().has(topic)
  }

  validateDelete(): void {
    if (this.#members.size > 0) throw fail('NON_EMPTY_GROUP')
  }

  inspectMembers(): readonly InspectedMember[] {
    const { topics } = this.#parts.services
    return [...this.#members.values()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.instanceId,
      clientId: member.clientId,
      epoch: member.memberEpoch,
      assignment: namedPartitions(topics, member.assigned),
    }))
  }

  close(): void {
    this.timers.close()
  }

  coordinatorMoved(): void {
    this.#parts.onMoved(this)
  }

  classicJoin(request: JoinGroupRequest, context: RequestContext): Promise<JoinGroupResponse> {
    return this.#parts.classic.join(this, request, context)
  }

  classicSync(request: SyncGroupRequest, _context: RequestContext): Promise<SyncGroupResponse> {
    return this.#parts.classic.sync(this, request)
  }

  classicHeartbeat(request: HeartbeatRequest, _context: RequestContext): void {
    this.#parts.classic.heartbeat(this, request)
  }

  classicLeave(
    members: readonly LeaveGroupRequestMemberIdentity[],
    _context: RequestContext,
  ): readonly LeaveGroupResponseMemberResponse[] {
    return this.#parts.classic.leave(this, members)
  }

  #own(member: ConsumerMember): void {
    for (const key of ownedKeys(member)) this.#owners.set(key, member.memberId)
  }

  #disown(member: ConsumerMember): void {
    for (const key of ownedKeys(member)) {
      if (this.#owners.get(key) === member.memberId) this.#owners.delete(key)
    }
  }
}

function* ownedKeys(member: ConsumerMember): Iterable<string> {
  yield* keysOf(member.assigned)
  yield* keysOf(member.pendingRevocation)
}

function* keysOf(partitions: EpochedPartitions): Iterable<string> {
  for (const [topicId, indexes] of partitions) for (const index of indexes.keys()) yield `${topicId}:${index}`
}

/** What a member shall have; nothing for one that has no target yet. */
export function targetOf(group: ConsumerGroup, memberId: string): PartitionSet {
  return group.targets.get(memberId) ?? noPartitions
}

/** A group by its id that is a consumer group. @throws GROUP_ID_NOT_FOUND */
export function requireConsumerGroup(services: Services, groupId: string): ConsumerGroup {
  const group = services.groups.get(groupId)
  if (group === undefined) throw fail('GROUP_ID_NOT_FOUND', `Group ${groupId} not found.`)
  if (!(group instanceof ConsumerGroup)) {
    throw fail('GROUP_ID_NOT_FOUND', `Group ${groupId} is not a consumer group.`)
  }
  return group
}
