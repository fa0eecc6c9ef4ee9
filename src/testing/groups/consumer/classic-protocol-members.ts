import { ErrorCode } from '../../../base/error-codes'
import type { HeartbeatRequest } from '../../../wire/generated/broker/heartbeat'
import type { JoinGroupRequest, JoinGroupResponse } from '../../../wire/generated/broker/join-group'
import type {
  LeaveGroupRequestMemberIdentity,
  LeaveGroupResponseMemberResponse,
} from '../../../wire/generated/broker/leave-group'
import type { SyncGroupRequest, SyncGroupResponse } from '../../../wire/generated/broker/sync-group'
import { errorCodeOf, fail } from '../../contracts/kafka-failure'
import type { RequestContext } from '../../contracts/api-handler'
import { newUuid } from '../../contracts/runtime'
import type { Services } from '../../contracts/services'
import { type ConsumerGroup, type ClassicProtocolOfGroup, targetOf } from './consumer-group'
import { type ClassicMemberMetadata, type ConsumerMember, sameNames } from './consumer-member'
import {
  type ClassicSubscription,
  canDowngrade,
  commonProtocols,
  downgrade,
  isMigrationEnabled,
  readSubscription,
  writeAssignment,
} from './group-conversion'
import type { GroupSteps } from './group-steps'
import { requireMember, requireRoom } from './member-checks'

/**
 * Serves members that still speak the classic protocol in a consumer group (KIP-848): JoinGroup is their heartbeat
 * with all fields, the generation is their epoch, SyncGroup brings what the broker assigned, and REBALANCE_IN_PROGRESS
 * is how they are told to come for more.
 */
export class ClassicProtocolMembers implements ClassicProtocolOfGroup {
  readonly #services: Services
  readonly #steps: GroupSteps

  constructor(services: Services, steps: GroupSteps) {
    this.#services = services
    this.#steps = steps
  }

  join(group: ConsumerGroup, request: JoinGroupRequest, context: RequestContext): Promise<JoinGroupResponse> {
    if (!isMigrationEnabled(this.#services)) {
      throw fail(
        'INCONSISTENT_GROUP_PROTOCOL',
        `Cannot join the consumer group ${group.groupId} with the classic protocol because the group migration is disabled.`,
      )
    }
    const isUnknown = request.memberId === ''
    const memberId = isUnknown ? newUuid(this.#services.runtime.random) : request.memberId
    requireRoom(this.#services, group, memberId)
    requireCommonProtocol(group, memberId, request)
    // KIP-394: a member that never learns its id would stay in the group until its session ends.
    if (isUnknown && request.groupInstanceId === null && context.apiVersion >= 4) {
      const errorCode = ErrorCode.MEMBER_ID_REQUIRED
      return Promise.resolve({ errorCode, memberId, protocolName: null, leader: '', members: [] })
    }
    const subscription = readSubscription(this.#services, request.protocols)
    if (subscription === undefined) throw fail('INCONSISTENT_GROUP_PROTOCOL')
    return Promise.resolve(this.#enter(group, memberId, subscription, request, context))
  }

  #enter(
    group: ConsumerGroup,
    memberId: string,
    subscription: ClassicSubscription,
    request: JoinGroupRequest,
    context: RequestContext,
  ): JoinGroupResponse {
    const before = this.#memberFor(group, memberId, request)
    const updated = withJoin(before, subscription, request, context)
    const haveNamesChanged = !sameNames(before.topicNames, updated.topicNames)
    const hasChanged = haveNamesChanged || before.topicRegex !== ''
    this.#steps.update(group, updated, { hasChanged, bumpsEpoch: hasChanged }, context)
    // A static member that spoke KIP-848 came back with the classic protocol, and was the last one.
    const isDowngraded =
      before.classic === null && group.members.size > 0 && canDowngrade(this.#services, group)
    if (!isDowngraded) this.#steps.retarget(group)
    const member = this.#steps.reconcile(group, updated, hasChanged, subscription.owned)
    if (isDowngraded) {
      const classic = downgrade(this.#services, group)
      if (group.groupEpoch > group.targetEpoch) classic.prepareRebalance()
    } else {
      this.#steps.expectHeartbeat(group, member)
      group.timers.cancel(memberId, 'join')
      this.#steps.expect(
        group,
        memberId,
        'sync',
        member.rebalanceTimeoutMs,
        'the member failed to sync within timeout',
      )
    }
    return {
      errorCode: 0,
      generationId: isDowngraded ? group.groupEpoch : member.memberEpoch,
      protocolType: 'consumer',
      protocolName: updated.classic?.protocols[0]?.name ?? null,
      leader: '',
      memberId,
      members: [],
    }
  }

  #memberFor(group: ConsumerGroup, memberId: string, request: JoinGroupRequest): ConsumerMember {
    const { groupInstanceId } = request
    if (groupInstanceId === null) return group.member(memberId, true)
    if (request.memberId !== '') return requireMember(group, memberId, groupInstanceId)
    const old = group.staticMember(groupInstanceId)
    if (old === undefined) return group.member(memberId, true)
    const member = { ...old, memberId, memberEpoch: 0, previousMemberEpoch: 0 }
    this.#steps.replaceStatic(group, old, member)
    return member
  }

  sync(group: ConsumerGroup, request: SyncGroupRequest): Promise<SyncGroupResponse> {
    const { member, classic } = requireClassic(group, request)
    const { memberId } = member
    const protocolName = classic.protocols[0]?.name ?? ''
    const isOther = (named: string | null, current: string): boolean => named !== null && named !== current
    if (isOther(request.protocolType, 'consumer') || isOther(request.protocolName, protocolName)) {
      throw fail('INCONSISTENT_GROUP_PROTOCOL')
    }
    if (group.targetEpoch > member.memberEpoch && member.state !== 'unrevoked') {
      this.#expectJoin(group, member)
      throw fail('REBALANCE_IN_PROGRESS')
    }
    group.timers.cancel(memberId, 'sync')
    this.#steps.expectHeartbeat(group, member)
    const assignment = writeAssignment(this.#services, member.assigned, classic)
    return Promise.resolve({ errorCode: 0, protocolType: 'consumer', protocolName, assignment })
  }

  heartbeat(group: ConsumerGroup, request: HeartbeatRequest): void {
    const { member } = requireClassic(group, request)
    this.#steps.expectHeartbeat(group, member)
    const isBehind = member.memberEpoch < group.targetEpoch || member.state === 'unrevoked'
    if (!isBehind && !(member.state === 'unreleased' && hasBecomeFree(group, member))) return
    this.#expectJoin(group, member)
    throw fail('REBALANCE_IN_PROGRESS')
  }

  leave(
    group: ConsumerGroup,
    leaving: readonly LeaveGroupRequestMemberIdentity[],
  ): readonly LeaveGroupResponseMemberResponse[] {
    const gone = new Set<string>()
    const answers = leaving.map(({ memberId, groupInstanceId }) => {
      try {
        gone.add(leaverOf(group, memberId, groupInstanceId).memberId)
        return { memberId, groupInstanceId, errorCode: ErrorCode.NONE }
      } catch (error) {
        return { memberId, groupInstanceId, errorCode: errorCodeOf(error) }
      }
    })
    this.#steps.fence(group, [...gone])
    return answers
  }

  #expectJoin(group: ConsumerGroup, { memberId, rebalanceTimeoutMs }: ConsumerMember): void {
    if (group.timers.isRunning(memberId, 'join')) return
    const why = 'the classic member failed to join within the rebalance timeout'
    this.#steps.expect(group, memberId, 'join', rebalanceTimeoutMs, why)
  }
}

function requireCommonProtocol(group: ConsumerGroup, memberId: string, request: JoinGroupRequest): void {
  const others = [...group.members.values()].filter(
    (member) => member.classic !== null && member.memberId !== memberId,
  )
  const known = commonProtocols(others.map(({ classic }) => classic))
  const isCommon = others.length === 0 || request.protocols.some(({ name }) => known.includes(name))
  if (request.protocolType === 'consumer' && request.protocols.length > 0 && isCommon) return
  throw fail('INCONSISTENT_GROUP_PROTOCOL', `Member ${memberId}'s protocols are not supported.`)
}

function withJoin(
  member: ConsumerMember,
  { topicNames, rackId }: ClassicSubscription,
  request: JoinGroupRequest,
  context: RequestContext,
): ConsumerMember {
  return {
    ...member,
    instanceId: request.groupInstanceId ?? member.instanceId,
    rackId: rackId ?? member.rackId,
    rebalanceTimeoutMs: context.apiVersion === 0 ? request.sessionTimeoutMs : request.rebalanceTimeoutMs,
    clientId: context.clientId ?? '',
    clientHost: `/${context.session.clientHost}`,
    topicNames,
    topicRegex: '',
    classic: { sessionTimeoutMs: request.sessionTimeoutMs, protocols: request.protocols },
  }
}

function requireClassic(
  group: ConsumerGroup,
  request: {
    readonly memberId: string
    readonly groupInstanceId: string | null
    readonly generationId: number
  },
): { member: ConsumerMember; classic: ClassicMemberMetadata } {
  const { memberId, groupInstanceId, generationId } = request
  const member = requireMember(group, memberId, groupInstanceId)
  if (member.classic === null) {
    throw fail('UNKNOWN_MEMBER_ID', `Member ${memberId} does not use the classic protocol.`)
  }
  if (generationId !== member.memberEpoch) {
    throw fail(
      'ILLEGAL_GENERATION',
      `The request generation id ${generationId} is not equal to the member epoch ${member.memberEpoch} of member ${memberId}.`,
    )
  }
  return { member, classic: member.classic }
}

/** The admin removes static members by their instance ids alone. */
function leaverOf(group: ConsumerGroup, memberId: string, instanceId: string | null): ConsumerMember {
  const existing = instanceId === null ? undefined : group.staticMember(instanceId)
  return memberId === '' && existing !== undefined ? existing : requireMember(group, memberId, instanceId)
}

/** True when something that the member waits for was released: it is to join again and get it. */
function hasBecomeFree(group: ConsumerGroup, member: ConsumerMember): boolean {
  for (const [topicId, partitions] of targetOf(group, member.memberId)) {
    for (const partition of partitions) {
      if (member.assigned.get(topicId)?.has(partition)) continue
      if (group.isOwnedByOther(member.memberId, topicId, partition)) return false
    }
  }
  return true
}
