import type {
  ShareGroupHeartbeatRequest,
  ShareGroupHeartbeatResponse,
} from '../../../wire/generated/broker/share-group-heartbeat'
import { fail } from '../../contracts/kafka-failure'
import type { RequestContext } from '../../contracts/api-handler'
import type { Services } from '../../contracts/services'
import { sameNames } from '../consumer/consumer-member'
import { type PartitionSet, listPartitions, noPartitions } from '../consumer/assignors/partition-sets'
import { topicsFingerprint } from '../consumer/subscriptions'
import { ShareGroup, type ShareMember } from './share-group'
import type { ShareStates } from './share-states'
import { assignSimply } from './simple-assignor'

const joinEpoch = 0
const leaveEpoch = -1

/** The coordinator of share groups: heartbeats say who is there and what they read, and are told what to read. */
export class ShareGroups {
  readonly #services: Services
  readonly #states: ShareStates
  /** Grows with each change of topics and brokers. */
  #metadataVersion = 0
  #isWatching = false

  constructor(services: Services, states: ShareStates) {
    this.#services = services
    this.#states = states
  }

  /** @throws what a member or its request is refused with */
  heartbeat(request: ShareGroupHeartbeatRequest, context: RequestContext): ShareGroupHeartbeatResponse {
    checkHeartbeat(request)
    this.#services.coordinators.require(context, 'group', request.groupId)
    return request.memberEpoch === leaveEpoch ? this.#leave(request) : this.#joinOrStay(request, context)
  }

  /** A group that there is. @throws GROUP_ID_NOT_FOUND, NOT_COORDINATOR */
  require(groupId: string, context: RequestContext): ShareGroup {
    this.#services.coordinators.require(context, 'group', groupId)
    return this.#existing(groupId)
  }

  /** The group; a new one without members when there is none. @throws GROUP_ID_NOT_FOUND for another kind of group */
  getOrCreate(groupId: string): ShareGroup {
    const { groups } = this.#services
    if (groups.get(groupId) !== undefined) return this.#existing(groupId)
    const group = new ShareGroup(groupId, this.#services, {
      onMoved: (moved) => this.#restartTimers(moved),
      onClosed: (closed) => this.#states.deleteGroup(closed.groupId),
    })
    groups.add(group)
    this.#watchMetadata()
    return group
  }

  #existing(groupId: string): ShareGroup {
    const group = this.#services.groups.get(groupId)
    if (group === undefined) throw fail('GROUP_ID_NOT_FOUND', `Group ${groupId} not found.`)
    if (!(group instanceof ShareGroup)) {
      throw fail('GROUP_ID_NOT_FOUND', `Group ${groupId} is not a share group.`)
    }
    return group
  }

  #joinOrStay(request: ShareGroupHeartbeatRequest, context: RequestContext): ShareGroupHeartbeatResponse {
    const group = this.#groupFor(request)
    this.#requireRoom(group, request.memberId)
    const before = memberFor(group, request)
    const updated = withRequest(before, request, context)
    group.members.set(updated.memberId, updated)
    this.#bumpEpochIfNeeded(group, !sameNames(before.topicNames, updated.topicNames))
    this.#initialize(group)
    this.#computeTarget(group)
    const member = this.#assign(group, updated)
    this.#expectHeartbeat(group, member.memberId)
    // A member that says all does not know what it was told: an answer was lost.
    const saysAll = request.memberEpoch === joinEpoch || request.subscribedTopicNames !== null
    const isTold = saysAll || member.assigned !== before.assigned
    return {
      throttleTimeMs: 0,
      errorCode: 0,
      memberId: member.memberId,
      memberEpoch: member.memberEpoch,
      heartbeatIntervalMs: this.#services.configs.groupNumber(group.groupId, 'share.heartbeat.interval.ms'),
      assignment: isTold ? { topicPartitions: listPartitions(member.assigned) } : null,
    }
  }

  /** The group; one that is not there yet is only made for a join that will be taken. */
  #groupFor({ groupId, memberEpoch }: ShareGroupHeartbeatRequest): ShareGroup {
    const { groups } = this.#services
    const group = groups.get(groupId)
    if (group === undefined && memberEpoch !== joinEpoch) {
      throw fail('GROUP_ID_NOT_FOUND', `Share group ${groupId} not found.`)
    }
    return this.getOrCreate(groupId)
  }

  #requireRoom(group: ShareGroup, memberId: string): void {
    const max = this.#services.configs.brokerNumber('group.share.max.size')
    if (group.members.size < max || group.members.has(memberId)) return
    throw fail(
      'GROUP_MAX_SIZE_REACHED',
      `The share group has reached its maximum capacity of ${max} members.`,
    )
  }

  #bumpEpochIfNeeded(group: ShareGroup, isNeeded: boolean): void {
    if (!isNeeded && group.seenMetadata === this.#metadataVersion) return
    const fingerprint = topicsFingerprint(this.#services, group.subscribedNames())
    if (isNeeded || fingerprint !== group.topicsFingerprint) group.groupEpoch++
    group.topicsFingerprint = fingerprint
    group.seenMetadata = this.#metadataVersion
  }

  /**
   * Only partitions whose state is stored are assigned. Kafka's share coordinator writes it beside the heartbeat that
   * asks for it, so that a new topic is assigned by a later one.
   */
  #initialize(group: ShareGroup): void {
    if (group.isInitializing || this.#uninitialized(group).length === 0) return
    group.isInitializing = true
    const timer = this.#services.runtime.clock.setTimer(0, () => {
      group.isInitializing = false
      if (this.#services.groups.get(group.groupId) !== group) return
      const missing = this.#uninitialized(group)
      for (const { id, partitions } of missing) this.#states.initialize(group.groupId, id, partitions.length)
      if (missing.length > 0) group.groupEpoch++
    })
    timer.unref?.()
  }

  #uninitialized(group: ShareGroup) {
    const initialized = this.#states.initialized(group.groupId)
    return [...group.subscribedNames()].sort().flatMap((name) => {
      const topic = this.#services.topics.byName(name)
      return topic !== undefined && (initialized.get(topic.id) ?? 0) < topic.partitions.length ? [topic] : []
    })
  }

  #computeTarget(group: ShareGroup): void {
    const { clock } = this.#services.runtime
    if (group.groupEpoch <= group.targetEpoch) return
    const interval = this.#services.configs.groupNumber(group.groupId, 'share.assignment.interval.ms')
    if (group.targetAt !== undefined && clock.now() < group.targetAt + interval) return
    const initialized = this.#states.initialized(group.groupId)
    const members = [...group.members.values()].map((member) => ({
      memberId: member.memberId,
      topicIds: this.#topicIds(member, initialized),
      target: group.targetOf(member.memberId),
    }))
    const targets = assignSimply(members, initialized)
    group.targets.clear()
    for (const [memberId, target] of targets) group.targets.set(memberId, target)
    group.targetEpoch = group.groupEpoch
    group.targetAt = clock.now()
  }

  #topicIds(member: ShareMember, initialized: ReadonlyMap<string, number>): Set<string> {
    const ids = member.topicNames.map((name) => this.#services.topics.byName(name)?.id)
    return new Set(ids.filter((id) => id !== undefined).filter((id) => initialized.has(id)))
  }

  #assign(group: ShareGroup, member: ShareMember): ShareMember {
    if (member.memberEpoch === group.targetEpoch) return member
    const assigned = group.targetOf(member.memberId)
    const next = {
      ...member,
      memberEpoch: group.targetEpoch,
      previousMemberEpoch: member.memberEpoch,
      assigned: samePartitions(member.assigned, assigned) ? member.assigned : assigned,
    }
    group.members.set(member.memberId, next)
    return next
  }

  #leave({ groupId, memberId }: ShareGroupHeartbeatRequest): ShareGroupHeartbeatResponse {
    const group = this.#existing(groupId)
    group.member(memberId)
    this.#fence(group, memberId)
    return { throttleTimeMs: 0, errorCode: 0, memberId, memberEpoch: leaveEpoch, heartbeatIntervalMs: 0 }
  }

  #fence(group: ShareGroup, memberId: string): void {
    group.removeMember(memberId)
    group.topicsFingerprint = topicsFingerprint(this.#services, group.subscribedNames())
    group.groupEpoch++
  }

  #expectHeartbeat(group: ShareGroup, memberId: string): void {
    const timeout = this.#services.configs.groupNumber(group.groupId, 'share.session.timeout.ms')
    group.timers.start(memberId, 'session', timeout, () => {
      this.#services.runtime.logger.info('A member of a share group was silent for its session', {
        groupId: group.groupId,
        memberId,
      })
      this.#fence(group, memberId)
    })
  }

  #restartTimers(group: ShareGroup): void {
    for (const memberId of group.members.keys()) this.#expectHeartbeat(group, memberId)
  }

  #watchMetadata(): void {
    if (this.#isWatching) return
    this.#isWatching = true
    this.#services.topics.watch(() => this.#metadataVersion++)
    this.#services.brokers.watch(() => this.#metadataVersion++)
  }
}

/** What a heartbeat must have. @throws INVALID_REQUEST */
function checkHeartbeat({
  memberId,
  groupId,
  rackId,
  memberEpoch,
  subscribedTopicNames,
}: ShareGroupHeartbeatRequest): void {
  // Kafka's brokers refuse an empty id before they look at anything, and without words.
  if (memberId === '') throw fail('INVALID_REQUEST')
  if (groupId.trim() === '') throw fail('INVALID_REQUEST', "GroupId can't be empty.")
  if (rackId?.trim() === '') throw fail('INVALID_REQUEST', "RackId can't be empty.")
  if (memberEpoch === joinEpoch && (subscribedTopicNames === null || subscribedTopicNames.length === 0)) {
    throw fail('INVALID_REQUEST', 'SubscribedTopicNames must be set in first request.')
  }
  if (memberEpoch < leaveEpoch) throw fail('INVALID_REQUEST', 'MemberEpoch is invalid.')
}

function memberFor(group: ShareGroup, { memberId, memberEpoch }: ShareGroupHeartbeatRequest): ShareMember {
  const known = group.members.get(memberId)
  if (memberEpoch === joinEpoch) return known ?? newMember(memberId)
  const member = group.member(memberId)
  checkEpoch(member, memberEpoch)
  return member
}

function newMember(memberId: string): ShareMember {
  return {
    memberId,
    memberEpoch: 0,
    previousMemberEpoch: -1,
    rackId: null,
    clientId: '',
    clientHost: '',
    topicNames: [],
    assigned: noPartitions,
  }
}

/** @throws FENCED_MEMBER_EPOCH */
function checkEpoch(
  { memberEpoch: known, previousMemberEpoch: previous }: ShareMember,
  received: number,
): void {
  const advice = 'The member must abandon all its partitions and rejoin.'
  if (received > known) {
    throw fail(
      'FENCED_MEMBER_EPOCH',
      `The share group member has a greater member epoch (${received}) than the one known by the group coordinator (${known}). ${advice}`,
    )
  }
  if (received < known && received !== previous) {
    throw fail(
      'FENCED_MEMBER_EPOCH',
      `The share group member has a smaller member epoch (${received}) than the one known by the group coordinator (${known}), and it does not match the previous member epoch (${previous}). ${advice}`,
    )
  }
}

/** Fields that are null say that nothing changed. */
function withRequest(
  member: ShareMember,
  { rackId, subscribedTopicNames: names }: ShareGroupHeartbeatRequest,
  context: RequestContext,
): ShareMember {
  return {
    ...member,
    rackId: rackId ?? member.rackId,
    clientId: context.clientId ?? '',
    clientHost: `/${context.session.clientHost}`,
    topicNames: names === null ? member.topicNames : [...new Set(names)].sort(),
  }
}

function samePartitions(a: PartitionSet, b: PartitionSet): boolean {
  return JSON.stringify(sortedLists(a)) === JSON.stringify(sortedLists(b))
}

function sortedLists(set: PartitionSet) {
  return listPartitions(set).sort((a, b) => (a.topicId < b.topicId ? -1 : 1))
}
