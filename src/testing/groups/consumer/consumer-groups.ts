import { ErrorCode } from '../../../base/error-codes'
import type {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponse,
} from '../../../wire/generated/broker/consumer-group-heartbeat'
import { fail } from '../../contracts/kafka-failure'
import type { RequestContext } from '../../contracts/api-handler'
import { newUuid } from '../../contracts/runtime'
import type { Services } from '../../contracts/services'
import { ClassicGroup } from '../classic/classic-group'
import { ClassicProtocolMembers } from './classic-protocol-members'
import { ConsumerGroup, requireConsumerGroup } from './consumer-group'
import { type ConsumerMember, sameNames } from './consumer-member'
import { checkMemberEpoch } from './current-assignment'
import { upgrade } from './group-conversion'
import { GroupSteps, type SubscriptionChange } from './group-steps'
import { checkHeartbeat, memberEpochs } from './heartbeat-checks'
import { requireMember, requireReleased, requireRoom } from './member-checks'
import {
  type TopicPartitionList,
  isSubsetOf,
  listPartitions,
  sameEpochedPartitions,
} from './assignors/partition-sets'
import { serverAssignors } from './target-assignment'
import { compileTopicPattern } from './topic-pattern'

/**
 * The coordinator of KIP-848 groups: members say by heartbeats what they read and have, and are told what they shall
 * have. All that happens to a group happens in a request of a member, or by a timer.
 */
export class ConsumerGroups {
  readonly #services: Services
  readonly #steps: GroupSteps
  readonly #classic: ClassicProtocolMembers

  constructor(services: Services) {
    this.#services = services
    this.#steps = new GroupSteps(services)
    this.#classic = new ClassicProtocolMembers(services, this.#steps)
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
    requireRoom(this.#services, group, request.memberId)
    const memberId = request.memberId === '' ? newUuid(this.#services.runtime.random) : request.memberId
    const before = memberFor(group, memberId, request)
    const updated = withRequest(before, request, context)
    if (isNewPattern(group, before, updated)) compileTopicPattern(updated.topicRegex)

    // Nothing is refused from here on: what changes, changes.
    this.#adopt(group, before, request)
    const change = subscriptionChange(group, before, updated)
    this.#steps.update(group, updated, change, context)
    this.#steps.retarget(group)
    const member = this.#steps.reconcile(group, updated, change.hasChanged, request.topicPartitions)
    this.#steps.expectHeartbeat(group, member)
    return this.#response(group, before, member, request)
  }

  /** @throws GROUP_ID_NOT_FOUND where there is no such group, or one of another kind that can't become one */
  #groupFor({ groupId, memberEpoch }: ConsumerGroupHeartbeatRequest): ConsumerGroup {
    const found = this.#services.groups.get(groupId)
    if (found instanceof ConsumerGroup) return found
    const isJoining = memberEpoch === memberEpochs.join
    if (found === undefined && !isJoining) {
      throw fail('GROUP_ID_NOT_FOUND', `Consumer group ${groupId} not found.`)
    }
    if (found !== undefined && !(isJoining && found instanceof ClassicGroup)) {
      throw fail('GROUP_ID_NOT_FOUND', `Group ${groupId} is not a consumer group.`)
    }
    const group = new ConsumerGroup(groupId, {
      services: this.#services,
      classic: this.#classic,
      onMoved: (moved) => this.#steps.restartTimers(moved),
    })
    // A classic group without members gives way; one with members goes on as this one.
    if (found instanceof ClassicGroup && found.state !== 'Empty') upgrade(this.#services, found, group)
    return group
  }

  #adopt(group: ConsumerGroup, member: ConsumerMember, request: ConsumerGroupHeartbeatRequest): void {
    const known = this.#services.groups.get(group.groupId)
    if (known !== group) {
      // Whoever waits for its turn in a classic group joins again, and finds this one.
      if (known instanceof ClassicGroup) known.answerAll(ErrorCode.REBALANCE_IN_PROGRESS)
      this.#steps.adopt(group)
      this.#steps.restartTimers(group)
    }
    if (request.memberEpoch !== memberEpochs.join || request.instanceId === null) return
    const old = group.staticMember(request.instanceId)
    if (old !== undefined) this.#steps.replaceStatic(group, old, member)
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
    const member = requireMember(group, memberId, instanceId)
    if (memberEpoch === memberEpochs.leaveForAWhile) group.setMember(leftForAWhile(member))
    else this.#steps.fence(group, [memberId])
    return { throttleTimeMs: 0, errorCode: 0, memberId, memberEpoch, heartbeatIntervalMs: 0 }
  }
}

/** The member as it is before this heartbeat; a static one that is back has the state of the one it replaces. */
function memberFor(
  group: ConsumerGroup,
  memberId: string,
  request: ConsumerGroupHeartbeatRequest,
): ConsumerMember {
  const { memberEpoch, instanceId, topicPartitions } = request
  if (memberEpoch !== memberEpochs.join) {
    const member = requireMember(group, memberId, instanceId)
    checkMemberEpoch(member, memberEpoch, isSubset(topicPartitions, member))
    return member
  }
  const old = instanceId === null ? undefined : group.staticMember(instanceId)
  if (old === undefined || instanceId === null) return group.member(memberId, true)
  requireReleased(old, memberId, instanceId)
  return { ...old, memberId, memberEpoch: 0, previousMemberEpoch: 0 }
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
