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
import type { ClassicProtocolGroup, InspectedMember, OffsetCaller } from '../../contracts/group'
import { ClassicMember } from './classic-member'
import { hasOldCoordinator } from './old-coordinator'
import { ClassicRebalance } from './classic-rebalance'
import type { ClassicSnapshot, ClassicState } from './classic-state'
import { assignedPartitions, consumerProtocolType } from './consumer-protocol'

/**
 * A group of the classic protocol: its members choose a leader's assignment in rounds of JoinGroup and SyncGroup. It
 * judges requests; the round itself is ClassicRebalance's.
 *
 * A group that only stores offsets, of a consumer without a group or of the admin, is one too: empty for ever and
 * without a protocol type.
 */
export class ClassicGroup implements ClassicProtocolGroup {
  readonly kind = 'classic'
  readonly groupId: string
  readonly #services: Services
  readonly #rebalance: ClassicRebalance

  constructor(groupId: string, services: Services) {
    this.groupId = groupId
    this.#services = services
    this.#rebalance = new ClassicRebalance(groupId, services)
  }

  get state(): ClassicState {
    return this.#rebalance.state
  }

  get protocolType(): string {
    return this.#rebalance.protocolType
  }

  /** The protocol of this generation, such as `range`; null while there is none. */
  get protocolName(): string | null {
    return this.#rebalance.protocolName
  }

  get generationId(): number {
    return this.#rebalance.generationId
  }

  get leaderId(): string | null {
    return this.#rebalance.members.leaderId
  }

  get members(): readonly ClassicMember[] {
    return this.#rebalance.members.all
  }

  /** Ids that were given out and have not joined yet. */
  get pendingMemberIds(): readonly string[] {
    return [...this.#rebalance.members.pendingJoin]
  }

  inspectMembers(): readonly InspectedMember[] {
    return this.members.map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      epoch: this.generationId,
      assignment: this.protocolType === consumerProtocolType ? assignedPartitions(member.assignment) : [],
    }))
  }

  /** Puts the group into a state in which it was, or in which a consumer group leaves its members (KIP-848). */
  load(snapshot: ClassicSnapshot): void {
    this.#rebalance.load(snapshot)
  }

  /** Begins a rebalance because of something that no request of a member said. */
  prepareRebalance(): void {
    if (this.state !== 'PreparingRebalance') this.#rebalance.prepareRebalance()
  }

  /** Answers every JoinGroup and SyncGroup that waits with this error; the group is about to be another. */
  answerAll(errorCode: number): void {
    this.#rebalance.answerAll(errorCode)
  }

  classicJoin(request: JoinGroupRequest, context: RequestContext): Promise<JoinGroupResponse> {
    if (!this.#accepts(request.memberId)) {
      this.#rebalance.members.remove(request.memberId)
      throw fail('GROUP_MAX_SIZE_REACHED')
    }
    this.#requireCommonProtocol(request)
    return request.memberId === '' ? this.#joinNew(request, context) : this.#joinKnown(request, context)
  }

  /** New members are taken up to `group.max.size`; while a rebalance runs, those who rejoined are counted. */
  #accepts(memberId: string): boolean {
    if (this.#rebalance.isIn('Empty', 'Dead')) return true
    const { members } = this.#rebalance
    const max = this.#services.configs.brokerNumber('group.max.size')
    if (!this.#rebalance.isIn('PreparingRebalance')) return members.has(memberId) || members.size < max
    return members.get(memberId)?.awaitsJoin === true || members.awaitingJoin < max
  }

  #requireCommonProtocol({ protocolType, protocols }: JoinGroupRequest): void {
    const known = this.#rebalance.members.commonProtocols()
    const isCommon = this.#rebalance.isIn('Empty')
      ? protocolType !== '' && protocols.length > 0
      : protocolType === this.protocolType &&
        // A group whose only members are yet to join has none to agree with.
        protocols.some((protocol) => known.has(protocol.name) || this.#rebalance.members.size === 0)
    if (!isCommon) throw fail('INCONSISTENT_GROUP_PROTOCOL')
  }

  #joinNew(request: JoinGroupRequest, context: RequestContext): Promise<JoinGroupResponse> {
    const { groupInstanceId } = request
    const memberId = `${groupInstanceId ?? context.clientId ?? 'null'}-${this.#newMemberSuffix()}`
    if (groupInstanceId !== null) {
      const existing = this.#rebalance.members.idOfInstance(groupInstanceId)
      if (existing !== undefined) return this.#rejoinStatic(request, context, existing, memberId)
      return this.#addMember(request, context, memberId)
    }
    // KIP-394: a member that never learns its id would stay in the group until its session ends.
    if (context.apiVersion >= 4) {
      this.#rebalance.addPendingMember(memberId, request.sessionTimeoutMs)
      return Promise.resolve({
        errorCode: ErrorCode.MEMBER_ID_REQUIRED,
        memberId,
        protocolName: null,
        leader: '',
        members: [],
      })
    }
    return this.#addMember(request, context, memberId)
  }

  #newMemberSuffix(): string {
    const hex = Buffer.from(newUuid(this.#services.runtime.random), 'base64url').toString('hex')
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  }

  #addMember(
    request: JoinGroupRequest,
    context: RequestContext,
    memberId: string,
  ): Promise<JoinGroupResponse> {
    const member = new ClassicMember({
      memberId,
      groupInstanceId: request.groupInstanceId,
      clientId: context.clientId ?? '',
      clientHost: `/${context.session.clientHost}`,
      protocolType: request.protocolType,
      rebalanceTimeoutMs: rebalanceTimeoutOf(request, context),
      sessionTimeoutMs: request.sessionTimeoutMs,
      protocols: request.protocols,
    })
    return new Promise((resolve) => this.#rebalance.addMember(member, resolve))
  }

  #joinKnown(request: JoinGroupRequest, context: RequestContext): Promise<JoinGroupResponse> {
    const { memberId } = request
    const { members } = this.#rebalance
    if (members.pendingJoin.has(memberId)) {
      // Ids are only given out to dynamic members; Kafka's coordinator fails on this, too.
      if (request.groupInstanceId !== null) throw fail('UNKNOWN_SERVER_ERROR')
      return this.#addMember(request, context, memberId)
    }
    const member = members.require(memberId, request.groupInstanceId)
    // It asked before and the answer was lost, or nothing changed for it: it is in the current generation.
    const isUnchanged = member.matches(request.protocols)
    const isCurrent =
      (this.state === 'CompletingRebalance' && isUnchanged) ||
      // The leader asks because something else changed, such as the number of a topic's partitions.
      (this.state === 'Stable' && isUnchanged && !members.isLeader(memberId))
    if (isCurrent) return Promise.resolve(this.#rebalance.joinResponse(memberId))
    if (!this.#rebalance.isIn('PreparingRebalance', 'CompletingRebalance', 'Stable'))
      throw fail('UNKNOWN_MEMBER_ID')
    return new Promise((resolve) => {
      update(member, request, context)
      member.holdJoin(resolve)
      this.#rebalance.rebalanceOrCompleteJoin()
    })
  }

  /** KIP-345: a static member came back without its id. It gets another one and keeps its assignment. */
  #rejoinStatic(
    request: JoinGroupRequest,
    context: RequestContext,
    oldMemberId: string,
    memberId: string,
  ): Promise<JoinGroupResponse> {
    const { members } = this.#rebalance
    const leaderBefore = members.leaderId
    const member = members.replaceStatic(members.require(oldMemberId, request.groupInstanceId), memberId)
    this.#rebalance.expectHeartbeat(member)
    update(member, request, context)
    if (this.state === 'Stable' && members.selectProtocol() === this.protocolName) {
      this.#rebalance.persist()
      return Promise.resolve(this.#staticRejoinResponse(memberId, leaderBefore, context.apiVersion))
    }
    return new Promise((resolve) => {
      member.holdJoin(resolve)
      // While the leader assigns, it does so for the old id: another round is needed.
      this.#rebalance.rebalanceOrCompleteJoin()
    })
  }

  #staticRejoinResponse(memberId: string, leaderBefore: string | null, version: number): JoinGroupResponse {
    const response = this.#rebalance.joinResponse(memberId)
    // KIP-814: a leader that understands it gets the members and is told not to assign. An older one is told that
    // somebody else, its own old id, leads: it would assign, and nobody would rejoin for it.
    if (version >= 9) return { ...response, skipAssignment: this.#rebalance.members.isLeader(memberId) }
    return { ...response, leader: leaderBefore ?? '', members: [] }
  }

  classicSync(request: SyncGroupRequest, _context: RequestContext): Promise<SyncGroupResponse> {
    const { memberId } = request
    if (this.state === 'Empty') throw fail('UNKNOWN_MEMBER_ID')
    const member = this.#requireMember(request, request.generationId)
    if (
      isOther(request.protocolType, this.protocolType) ||
      isOther(request.protocolName, this.protocolName ?? '')
    )
      throw fail('INCONSISTENT_GROUP_PROTOCOL')
    if (this.state === 'PreparingRebalance') throw fail('REBALANCE_IN_PROGRESS')
    this.#rebalance.noteSync(memberId)
    if (this.state === 'Stable') {
      const { protocolType, protocolName } = this
      return Promise.resolve({ errorCode: 0, protocolType, protocolName, assignment: member.assignment })
    }
    return new Promise((resolve) => {
      member.holdSync(resolve)
      if (this.#rebalance.members.isLeader(memberId)) {
        this.#rebalance.stabilize(new Map(request.assignments.map((a) => [a.memberId, a.assignment])))
      }
    })
  }

  classicHeartbeat(request: HeartbeatRequest, _context: RequestContext): void {
    const member = this.#requireMember(request, request.generationId)
    this.#rebalance.expectHeartbeat(member)
    if (this.state === 'PreparingRebalance') throw fail('REBALANCE_IN_PROGRESS')
  }

  classicLeave(
    leaving: readonly LeaveGroupRequestMemberIdentity[],
    _context: RequestContext,
  ): readonly LeaveGroupResponseMemberResponse[] {
    const sizeBefore = this.members.length
    const answers = leaving.map((identity) => {
      const { memberId, groupInstanceId } = identity
      return { memberId, groupInstanceId, errorCode: this.#leave(identity) }
    })
    const hasLostMember = this.members.length < sizeBefore
    // A stable group also rebalances for an id that never joined; before Kafka 4.0 it did not.
    const isForPending = this.state === 'PreparingRebalance' || !hasOldCoordinator(this.#services)
    const isAnyGone = answers.some((answer) => answer.errorCode === ErrorCode.NONE)
    if (isAnyGone && (hasLostMember || isForPending)) this.#rebalance.afterLeave()
    return answers
  }

  #leave({ memberId, groupInstanceId }: LeaveGroupRequestMemberIdentity): number {
    const { members } = this.#rebalance
    try {
      if (memberId !== '') {
        if (!members.pendingJoin.has(memberId)) members.require(memberId, groupInstanceId)
        this.#rebalance.dropMember(memberId)
        return ErrorCode.NONE
      }
      // The admin removes static members by their instance ids alone.
      const current = groupInstanceId === null ? undefined : members.idOfInstance(groupInstanceId)
      if (current === undefined) throw fail('UNKNOWN_MEMBER_ID')
      this.#rebalance.dropMember(current)
      return ErrorCode.NONE
    } catch (error) {
      return errorCodeOf(error)
    }
  }

  #requireMember(
    request: { readonly memberId: string; readonly groupInstanceId: string | null },
    generationId: number,
  ): ClassicMember {
    if (this.state === 'Dead') throw fail('COORDINATOR_NOT_AVAILABLE')
    const member = this.#rebalance.members.require(request.memberId, request.groupInstanceId)
    if (generationId !== this.generationId) throw fail('ILLEGAL_GENERATION')
    return member
  }

  validateCommit(caller: OffsetCaller): void {
    const { memberId, groupInstanceId, generationOrEpoch, isTransactional } = caller
    if (this.state === 'Dead') throw fail('COORDINATOR_NOT_AVAILABLE')
    // The admin, or a consumer that assigns itself: while there are no members, nobody is disturbed.
    if (generationOrEpoch < 0 && this.state === 'Empty') return
    if (generationOrEpoch >= 0 || memberId !== '' || groupInstanceId !== null) {
      this.#requireMember(caller, generationOrEpoch)
    } else if (!isTransactional) {
      throw fail('UNKNOWN_MEMBER_ID')
    }
    if (!isTransactional && this.state === 'CompletingRebalance') throw fail('REBALANCE_IN_PROGRESS')
  }

  validateFetch(_memberId: string | null, _memberEpoch: number): void {
    if (this.state === 'Dead') throw fail('GROUP_ID_NOT_FOUND', `Group ${this.groupId} is in dead state.`)
  }

  validateDelete(): void {
    if (this.state === 'Dead') throw fail('GROUP_ID_NOT_FOUND', `Group ${this.groupId} is in dead state.`)
    if (this.state !== 'Empty') throw fail('NON_EMPTY_GROUP')
  }

  validateOffsetDelete(): void {
    if (this.state === 'Dead') throw fail('GROUP_ID_NOT_FOUND', `Group ${this.groupId} is in dead state.`)
    // Of consumers it is known which topics they read; of others nothing is.
    if (this.state !== 'Empty' && this.protocolType !== consumerProtocolType) throw fail('NON_EMPTY_GROUP')
  }

  isSubscribedTo(topic: string): boolean {
    return this.#rebalance.subscribedTopics?.has(topic) ?? this.protocolType === consumerProtocolType
  }

  offsetRetentionStart(committedAt: number): number | undefined {
    if (this.protocolType === '') return committedAt
    if (this.state === 'Empty') return this.#rebalance.stateSince
    const knowsTopics = this.#rebalance.subscribedTopics !== undefined
    return this.state === 'Stable' && knowsTopics ? committedAt : undefined
  }

  /** A commit by a member is as good as a heartbeat, unless the round waits for its SyncGroup. */
  touch(memberId: string, _context: RequestContext): void {
    const member = this.#rebalance.members.get(memberId)
    if (member !== undefined && this.#rebalance.isIn('Stable', 'PreparingRebalance'))
      this.#rebalance.expectHeartbeat(member)
  }

  close(): void {
    this.#rebalance.die()
  }

  coordinatorMoved(): void {
    this.#rebalance.reload()
  }
}

/** JoinGroup 0 has no rebalance timeout: the session's stands for it. */
function rebalanceTimeoutOf(request: JoinGroupRequest, context: RequestContext): number {
  return context.apiVersion === 0 ? request.sessionTimeoutMs : request.rebalanceTimeoutMs
}

function update(member: ClassicMember, request: JoinGroupRequest, context: RequestContext): void {
  member.protocols = request.protocols
  member.rebalanceTimeoutMs = rebalanceTimeoutOf(request, context)
  member.sessionTimeoutMs = request.sessionTimeoutMs
}

function isOther(named: string | null, current: string): boolean {
  return named !== null && named !== current
}
