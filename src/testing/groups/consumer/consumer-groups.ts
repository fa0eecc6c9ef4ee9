import type {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponse,
} from '../../../wire/generated/broker/consumer-group-heartbeat'
import { fail } from '../../kafka-failure'
import type { RequestContext } from '../../node/api-handler'
import { newUuid } from '../../runtime'
import type { Services } from '../../services'
import { ConsumerGroup, requireConsumerGroup, targetOf } from './consumer-group'
import { type ConsumerMember, sameNames } from './consumer-member'
import { checkMemberEpoch, reconcileMember } from './current-assignment'
import { checkHeartbeat, memberEpochs } from './heartbeat-checks'
import { type TopicPartitionList, isSubsetOf, listPartitions, sameEpochedPartitions } from './partition-sets'
import { PatternResolution } from './pattern-resolution'
import { subscribedTopicIds, topicsFingerprint } from './subscriptions'
import { computeTarget, mayComputeTarget, serverAssignors } from './target-assignment'
import { compileTopicPattern } from './topic-pattern'

/** What a heartbeat changed of a member's subscription. */
interface SubscriptionChange {
  readonly hasChanged: boolean
  /** False while nobody knows yet which topics a new pattern matches. */
  readonly bumpsEpoch: boolean
}

/**
 * The coordinator of KIP-848 groups: members say by heartbeats what they read and have, and are told what they shall
 * have. All that happens to a group happens in a heartbeat, a leave, or a timer.
 */
export class ConsumerGroups {
  readonly #services: Services
  readonly #patterns: PatternResolution
  /** Grows with each change of topics and brokers. */
  #metadataVersion = 0
  #isWatching = false

  constructor(services: Services) {
    this.#services = services
    this.#patterns = new PatternResolution(services)
  }

  /** @throws what a member or its request is refused with */
  heartbeat(request: ConsumerGroupHeartbeatRequest, context: RequestContext): ConsumerGroupHeartbeatResponse {
    const { groupId, memberEpoch } = request
    checkHeartbeat(
      request,
      context.apiVersion,
      serverAssignors(this.#services).map(({ name }) => name),
    )
    this.#services.coordinators.require(context, 'group', groupId)
    const isLeaving = memberEpoch === memberEpochs.leave || memberEpoch === memberEpochs.leaveForAWhile
    return isLeaving ? this.#leave(request) : this.#joinOrStay(request, context)
  }

  /** A group to describe. @throws GROUP_ID_NOT_FOUND, NOT_COORDINATOR */
  require(groupId: string, context: RequestContext): ConsumerGroup {
    this.#services.coordinators.require(context, 'group', groupId)
    return requireConsumerGroup(this.#services, groupId)
  }

  #joinOrStay(
    request: ConsumerGroupHeartbeatRequest,
    context: RequestContext,
  ): ConsumerGroupHeartbeatResponse {
    const group = this.#groupFor(request)
    this.#requireRoom(group, request.memberId)
    const memberId = request.memberId === '' ? newUuid(this.#services.runtime.random) : request.memberId
    const before = this.#memberFor(group, memberId, request)
    const updated = withRequest(before, request, context)
    if (isNewPattern(group, before, updated)) compileTopicPattern(updated.topicRegex)

    // Nothing is refused from here on: what changes, changes.
    this.#adopt(group, before, request)
    const change = subscriptionChange(group, before, updated)
    group.setMember(updated)
    this.#patterns.refreshIfNeeded(group, context, this.#metadataVersion)
    this.#bumpEpochIfNeeded(group, change.bumpsEpoch)
    if (group.groupEpoch > group.targetEpoch && mayComputeTarget(this.#services, group)) {
      computeTarget(this.#services, group)
    }
    const member = this.#reconcile(group, updated, change.hasChanged, request.topicPartitions)
    this.#expectHeartbeat(group, member)
    return this.#response(group, before, member, request)
  }

  /** @throws GROUP_ID_NOT_FOUND where there is no such group, or another kind of one */
  #groupFor({ groupId, memberEpoch }: ConsumerGroupHeartbeatRequest): ConsumerGroup {
    const group = this.#services.groups.get(groupId)
    if (group instanceof ConsumerGroup) return group
    const isJoining = memberEpoch === memberEpochs.join
    if (group === undefined) {
      if (!isJoining) throw fail('GROUP_ID_NOT_FOUND', `Consumer group ${groupId} not found.`)
      return this.#newGroup(groupId)
    }
    // A classic group without members gives way; its offsets stay.
    if (isJoining && group.kind === 'classic' && group.state === 'Empty') return this.#newGroup(groupId)
    throw fail('GROUP_ID_NOT_FOUND', `Group ${groupId} is not a consumer group.`)
  }

  #newGroup(groupId: string): ConsumerGroup {
    return new ConsumerGroup(groupId, this.#services, (group) => this.#restartTimers(group))
  }

  #requireRoom(group: ConsumerGroup, memberId: string): void {
    const max = this.#services.configs.brokerNumber('group.consumer.max.size')
    if (group.members.size < max || (memberId !== '' && group.members.has(memberId))) return
    throw fail(
      'GROUP_MAX_SIZE_REACHED',
      `The consumer group has reached its maximum capacity of ${max} members.`,
    )
  }

  /** The member as it is before this heartbeat; a static one that is back has the state of the one it replaces. */
  #memberFor(group: ConsumerGroup, memberId: string, request: ConsumerGroupHeartbeatRequest): ConsumerMember {
    const { memberEpoch, instanceId, topicPartitions } = request
    const isJoining = memberEpoch === memberEpochs.join
    const existing = instanceId === null ? group.member(memberId, isJoining) : group.staticMember(instanceId)
    if (isJoining) {
      if (instanceId === null || existing === undefined) return existing ?? group.member(memberId, true)
      if (existing.classic === null) requireReleased(existing, memberId, instanceId)
      return { ...existing, memberId, memberEpoch: 0, previousMemberEpoch: 0 }
    }
    const member = requireSame(existing, memberId, instanceId)
    checkMemberEpoch(member, memberEpoch, isSubset(topicPartitions, member))
    return member
  }

  /** Makes the group one of the cluster's, and puts a static member that is back in the place of its old self. */
  #adopt(group: ConsumerGroup, member: ConsumerMember, request: ConsumerGroupHeartbeatRequest): void {
    const { groups } = this.#services
    const known = groups.get(group.groupId)
    if (known === undefined) groups.add(group)
    else if (known !== group) groups.replace(group)
    this.#watchMetadata()
    if (request.memberEpoch !== memberEpochs.join || request.instanceId === null) return
    const old = group.staticMember(request.instanceId)
    if (old === undefined) return
    const target = targetOf(group, old.memberId)
    group.removeMember(old.memberId)
    group.targets.set(member.memberId, target)
    group.setMember(member)
  }

  #bumpEpochIfNeeded(group: ConsumerGroup, isNeeded: boolean): void {
    if (!isNeeded && group.seenMetadata === this.#metadataVersion) return
    const fingerprint = topicsFingerprint(this.#services, group.subscribedNames())
    if (isNeeded || fingerprint !== group.topicsFingerprint) group.groupEpoch++
    group.topicsFingerprint = fingerprint
    group.seenMetadata = this.#metadataVersion
  }

  #reconcile(
    group: ConsumerGroup,
    member: ConsumerMember,
    hasSubscriptionChanged: boolean,
    owned: readonly TopicPartitionList[] | null,
  ): ConsumerMember {
    const { memberId } = member
    const next = reconcileMember(member, {
      targetEpoch: group.targetEpoch,
      target: targetOf(group, memberId),
      subscribedTopicIds: subscribedTopicIds(this.#services, member, group.resolvedPatterns),
      hasSubscriptionChanged,
      owned,
      isOwnedByOther: (topicId, partition) => group.isOwnedByOther(memberId, topicId, partition),
    })
    if (next === member) return member
    group.setMember(next)
    if (next.state === 'unrevoked') this.#expectRevocation(group, next)
    else group.timers.cancel(memberId, 'rebalance')
    return next
  }

  #response(
    group: ConsumerGroup,
    before: ConsumerMember,
    member: ConsumerMember,
    request: ConsumerGroupHeartbeatRequest,
  ): ConsumerGroupHeartbeatResponse {
    const isFullRequest =
      request.rebalanceTimeoutMs !== -1 &&
      (request.subscribedTopicNames !== null || request.subscribedTopicRegex !== null) &&
      request.topicPartitions !== null
    const isTold =
      request.memberEpoch === memberEpochs.join ||
      isFullRequest ||
      !sameEpochedPartitions(before.assigned, member.assigned)
    return {
      throttleTimeMs: 0,
      errorCode: 0,
      memberId: member.memberId,
      memberEpoch: member.memberEpoch,
      heartbeatIntervalMs: this.#services.configs.groupNumber(
        group.groupId,
        'consumer.heartbeat.interval.ms',
      ),
      assignment: isTold ? { topicPartitions: listPartitions(member.assigned) } : null,
    }
  }

  #leave(request: ConsumerGroupHeartbeatRequest): ConsumerGroupHeartbeatResponse {
    const { groupId, memberId, memberEpoch, instanceId } = request
    const group = requireConsumerGroup(this.#services, groupId)
    const existing = instanceId === null ? group.member(memberId) : group.staticMember(instanceId)
    const member = requireSame(existing, memberId, instanceId)
    if (memberEpoch === memberEpochs.leaveForAWhile) {
      group.setMember(leftForAWhile(member))
      return {
        throttleTimeMs: 0,
        errorCode: 0,
        memberId: member.memberId,
        memberEpoch,
        heartbeatIntervalMs: 0,
      }
    }
    this.#fence(group, member.memberId)
    return { throttleTimeMs: 0, errorCode: 0, memberId, memberEpoch, heartbeatIntervalMs: 0 }
  }

  /** Takes a member out; the others get its partitions with their next heartbeats. */
  #fence(group: ConsumerGroup, memberId: string): void {
    const { topicRegex } = group.member(memberId)
    group.removeMember(memberId)
    if (topicRegex !== '' && group.patternReaders(topicRegex) === 0) group.resolvedPatterns.delete(topicRegex)
    group.topicsFingerprint = topicsFingerprint(this.#services, group.subscribedNames())
    group.groupEpoch++
  }

  #expectHeartbeat(group: ConsumerGroup, { memberId }: ConsumerMember): void {
    const timeout = this.#services.configs.groupNumber(group.groupId, 'consumer.session.timeout.ms')
    group.timers.start(memberId, 'session', timeout, () => {
      this.#logFenced(group, memberId, 'the member session expired')
      this.#fence(group, memberId)
    })
  }

  #expectRevocation(
    group: ConsumerGroup,
    { memberId, memberEpoch, rebalanceTimeoutMs }: ConsumerMember,
  ): void {
    group.timers.start(memberId, 'rebalance', rebalanceTimeoutMs, () => {
      if (group.members.get(memberId)?.memberEpoch !== memberEpoch) return
      this.#logFenced(
        group,
        memberId,
        `it did not leave epoch ${memberEpoch} within ${rebalanceTimeoutMs} ms`,
      )
      this.#fence(group, memberId)
    })
  }

  /** A new coordinator gives everybody the whole of their time again. */
  #restartTimers(group: ConsumerGroup): void {
    for (const member of group.members.values()) {
      this.#expectHeartbeat(group, member)
      if (member.state === 'unrevoked') this.#expectRevocation(group, member)
    }
  }

  #logFenced({ groupId }: ConsumerGroup, memberId: string, why: string): void {
    this.#services.runtime.logger.info('A member was fenced from its consumer group', {
      groupId,
      memberId,
      why,
    })
  }

  #watchMetadata(): void {
    if (this.#isWatching) return
    this.#isWatching = true
    this.#services.topics.watch(() => this.#metadataVersion++)
    this.#services.brokers.watch(() => this.#metadataVersion++)
  }
}

/** Fields that are null (or -1) say that nothing changed. */
function withRequest(
  member: ConsumerMember,
  request: ConsumerGroupHeartbeatRequest,
  context: RequestContext,
): ConsumerMember {
  const names = request.subscribedTopicNames
  return {
    ...member,
    instanceId: request.instanceId ?? member.instanceId,
    rackId: request.rackId ?? member.rackId,
    rebalanceTimeoutMs:
      request.rebalanceTimeoutMs === -1 ? member.rebalanceTimeoutMs : request.rebalanceTimeoutMs,
    serverAssignor: request.serverAssignor ?? member.serverAssignor,
    topicNames: names === null ? member.topicNames : [...new Set(names)].sort(),
    topicRegex: request.subscribedTopicRegex ?? member.topicRegex,
    clientId: context.clientId ?? '',
    clientHost: `/${context.session.clientHost}`,
    classic: null,
  }
}

function isNewPattern(group: ConsumerGroup, before: ConsumerMember, updated: ConsumerMember): boolean {
  const { topicRegex } = updated
  return topicRegex !== '' && topicRegex !== before.topicRegex && group.patternReaders(topicRegex) === 0
}

/** Called while the group still has the member as it was. */
function subscriptionChange(
  group: ConsumerGroup,
  before: ConsumerMember,
  updated: ConsumerMember,
): SubscriptionChange {
  const haveNamesChanged = !sameNames(before.topicNames, updated.topicNames)
  if (before.topicRegex === updated.topicRegex) {
    return { hasChanged: haveNamesChanged, bumpsEpoch: haveNamesChanged }
  }
  if (before.topicRegex !== '' && group.patternReaders(before.topicRegex) === 1) {
    group.resolvedPatterns.delete(before.topicRegex)
  }
  const isResolved = updated.topicRegex === '' || group.resolvedPatterns.has(updated.topicRegex)
  return { hasChanged: true, bumpsEpoch: haveNamesChanged || isResolved }
}

function leftForAWhile(member: ConsumerMember): ConsumerMember {
  const assigned = new Map(
    [...member.assigned].map(([topicId, partitions]) => [
      topicId,
      new Map([...partitions.keys()].map((partition) => [partition, 0])),
    ]),
  )
  return { ...member, memberEpoch: memberEpochs.leaveForAWhile, assigned, pendingRevocation: new Map() }
}

function isSubset(owned: readonly TopicPartitionList[] | null, member: ConsumerMember): boolean {
  return owned !== null && isSubsetOf(owned, member.assigned)
}

function requireReleased(existing: ConsumerMember, memberId: string, instanceId: string): void {
  if (existing.memberEpoch === memberEpochs.leaveForAWhile) return
  throw fail(
    'UNRELEASED_INSTANCE_ID',
    `Static member ${memberId} with instance id ${instanceId} cannot join the group because the instance id is owned by ${existing.memberId} member.`,
  )
}

function requireSame(
  existing: ConsumerMember | undefined,
  memberId: string,
  instanceId: string | null,
): ConsumerMember {
  if (existing === undefined) throw fail('UNKNOWN_MEMBER_ID', `Instance id ${instanceId} is unknown.`)
  if (existing.memberId === memberId) return existing
  throw fail(
    'FENCED_INSTANCE_ID',
    `Static member ${memberId} with instance id ${instanceId} was fenced by member ${existing.memberId}.`,
  )
}
