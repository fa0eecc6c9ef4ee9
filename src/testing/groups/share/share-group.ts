import { fail } from '../../contracts/kafka-failure'
import { MemberTimers } from '../consumer/member-timers'
import { type PartitionSet, noPartitions } from '../consumer/assignors/partition-sets'
import type { Services } from '../../contracts/services'
import { namedPartitions } from '../consumer/subscriptions'
import type { Group, InspectedMember, OffsetCaller } from '../../contracts/group'

/** A member of a share group. Never changed in place. */
export interface ShareMember {
  readonly memberId: string
  readonly memberEpoch: number
  readonly previousMemberEpoch: number
  readonly rackId: string | null
  readonly clientId: string
  readonly clientHost: string
  /** Sorted, each once. */
  readonly topicNames: readonly string[]
  readonly assigned: PartitionSet
}

/** What a group tells its coordinator. */
export interface ShareGroupEvents {
  readonly onMoved: (group: ShareGroup) => void
  /** It was deleted, or its cluster ends: what it did with partitions is forgotten. */
  readonly onClosed: (group: ShareGroup) => void
}

/** One share group (KIP-932): who reads what. What becomes of the records is the share partitions' business. */
export class ShareGroup implements Group {
  readonly kind = 'share'
  readonly protocolType = 'share'
  readonly groupId: string
  readonly timers: MemberTimers
  readonly members = new Map<string, ShareMember>()
  readonly targets = new Map<string, PartitionSet>()
  groupEpoch = 1
  /** Epoch of the target assignment; behind the group's until the next one is computed. */
  targetEpoch = 0
  /** When the target was computed; undefined before. */
  targetAt: number | undefined
  topicsFingerprint = ''
  /** Counts changes of topics and brokers that were looked at; -1 to look again. */
  seenMetadata = -1
  /** True while states of partitions are being made. */
  isInitializing = false
  readonly #services: Services
  readonly #events: ShareGroupEvents

  constructor(groupId: string, services: Services, events: ShareGroupEvents) {
    this.groupId = groupId
    this.timers = new MemberTimers(services.runtime.clock)
    this.#services = services
    this.#events = events
  }

  get state(): 'Empty' | 'Stable' {
    return this.members.size === 0 ? 'Empty' : 'Stable'
  }

  /** @throws UNKNOWN_MEMBER_ID */
  member(memberId: string): ShareMember {
    const member = this.members.get(memberId)
    if (member !== undefined) return member
    throw fail('UNKNOWN_MEMBER_ID', `Member ${memberId} is not a member of group ${this.groupId}.`)
  }

  removeMember(memberId: string): void {
    this.members.delete(memberId)
    this.targets.delete(memberId)
    this.timers.cancelAll(memberId)
  }

  targetOf(memberId: string): PartitionSet {
    return this.targets.get(memberId) ?? noPartitions
  }

  /** All topic names that any member reads. */
  subscribedNames(): Set<string> {
    return new Set([...this.members.values()].flatMap(({ topicNames }) => topicNames))
  }

  /** Share groups commit no offsets. */
  validateCommit(_caller: OffsetCaller): void {
    throw fail('GROUP_ID_NOT_FOUND', `Group ${this.groupId} is not a consumer group.`)
  }

  validateFetch(_memberId: string | null, _memberEpoch: number): void {
    throw fail('GROUP_ID_NOT_FOUND', `Group ${this.groupId} is not a consumer group.`)
  }

  validateOffsetDelete(): void {
    throw fail('GROUP_ID_NOT_FOUND', `Group ${this.groupId} is not a consumer group.`)
  }

  isSubscribedTo(topic: string): boolean {
    return this.subscribedNames().has(topic)
  }

  validateDelete(): void {
    if (this.members.size > 0) throw fail('NON_EMPTY_GROUP', 'The group is not empty.')
  }

  inspectMembers(): readonly InspectedMember[] {
    return [...this.members.values()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: null,
      clientId: member.clientId,
      epoch: member.memberEpoch,
      assignment: namedPartitions(this.#services.topics, member.assigned),
    }))
  }

  close(): void {
    this.timers.close()
    this.#events.onClosed(this)
  }

  coordinatorMoved(): void {
    this.#events.onMoved(this)
  }
}
