import { ErrorCode } from '../../../base/error-codes'
import type { JoinGroupResponse } from '../../../wire/generated/broker/join-group'
import type { Services } from '../../contracts/services'
import { ClassicMember } from './classic-member'
import { ClassicMembers } from './classic-members'
import type { ClassicSnapshot, ClassicState } from './classic-state'
import { KeyedTimers } from './keyed-timers'
import { consumerProtocolType, subscriptionTopics } from './consumer-protocol'

const noBytes = Buffer.alloc(0)
const joinKey = 'join'
const syncKey = 'sync'
const heartbeatKey = (memberId: string) => `heartbeat ${memberId}`

/** How long a new member's first JoinGroup is held at most; such a member can't be seen to be dead. Kafka's constant. */
const newMemberJoinTimeoutMs = 300_000

/**
 * The course of one classic group: its state, its generation, who is in it and every timer it has. The requests are
 * judged by ClassicGroup; here is what they set going, and what happens when time passes.
 */
export class ClassicRebalance {
  readonly groupId: string
  readonly members = new ClassicMembers()
  readonly #services: Services
  readonly #timers: KeyedTimers
  #state: ClassicState = 'Empty'
  #previousState: ClassicState = 'Empty'
  #stateSince: number
  #generationId = 0
  #protocolType = ''
  #protocolName: string | null = null
  /** Undefined while it is not known; empty for a consumer group without members. */
  #subscribedTopics: ReadonlySet<string> | undefined
  /** Someone joined during the initial delay, so it is prolonged. */
  #isDelayToBeProlonged = false
  #snapshot: ClassicSnapshot

  constructor(groupId: string, services: Services) {
    this.groupId = groupId
    this.#services = services
    this.#timers = new KeyedTimers(services.runtime.clock)
    this.#stateSince = services.runtime.clock.wallTime()
    this.#snapshot = this.#asSnapshot()
  }

  get state(): ClassicState {
    return this.#state
  }

  get generationId(): number {
    return this.#generationId
  }

  get protocolType(): string {
    return this.#protocolType
  }

  get protocolName(): string | null {
    return this.#protocolName
  }

  get stateSince(): number {
    return this.#stateSince
  }

  get subscribedTopics(): ReadonlySet<string> | undefined {
    return this.#subscribedTopics
  }

  isIn(...states: readonly ClassicState[]): boolean {
    return states.includes(this.#state)
  }

  /** Takes a member in whose JoinGroup waits, and goes on with the rebalance. */
  addMember(member: ClassicMember, answer: (response: JoinGroupResponse) => void): void {
    member.isNew = true
    if (this.isIn('PreparingRebalance') && this.#previousState === 'Empty') this.#isDelayToBeProlonged = true
    this.#enter(member)
    member.holdJoin(answer)
    this.expectHeartbeat(member, newMemberJoinTimeoutMs)
    this.rebalanceOrCompleteJoin()
  }

  #enter(member: ClassicMember): void {
    if (this.members.size === 0) this.#protocolType = member.protocolType
    this.members.add(member)
  }

  /** An id was given out: whoever got it has to come back with it within the session timeout. */
  addPendingMember(memberId: string, sessionTimeoutMs: number): void {
    this.members.pendingJoin.add(memberId)
    this.#timers.schedule(heartbeatKey(memberId), sessionTimeoutMs, () => this.#expirePending(memberId))
  }

  /** Takes a member out that leaves by its own will; what follows is `afterLeave`. */
  dropMember(memberId: string): void {
    this.#timers.cancel(heartbeatKey(memberId))
    this.#refuse(this.members.get(memberId))
    this.members.remove(memberId)
  }

  /** Members left: the others rebalance, or need not wait for them any more. */
  afterLeave(): void {
    if (this.isIn('Stable', 'CompletingRebalance')) this.rebalanceOrCompleteJoin()
    else if (this.isIn('PreparingRebalance')) this.#completeJoinIfPossible()
  }

  /** From any state with a finished or empty generation a rebalance begins; during one it may be completed by this. */
  rebalanceOrCompleteJoin(): void {
    if (this.isIn('Stable', 'CompletingRebalance', 'Empty')) this.prepareRebalance()
    else this.#completeJoinIfPossible()
  }

  prepareRebalance(): void {
    // Those whose SyncGroup waits have to join again.
    if (this.isIn('CompletingRebalance')) this.#resetAssignments(ErrorCode.REBALANCE_IN_PROGRESS)
    this.members.pendingSync.clear()
    this.#timers.cancel(syncKey)
    const isInitial = this.isIn('Empty')
    this.#moveTo('PreparingRebalance')
    if (isInitial) this.#delayInitialRebalance()
    else if (this.members.haveAllJoined) this.#completeJoin()
    else this.#timers.schedule(joinKey, this.members.rebalanceTimeoutMs, () => this.#completeJoin())
  }

  /** The member's session starts anew. */
  expectHeartbeat(member: ClassicMember, timeoutMs = member.sessionTimeoutMs): void {
    const { memberId } = member
    this.#timers.schedule(heartbeatKey(memberId), timeoutMs, () => this.#expireMember(memberId))
  }

  /** A SyncGroup came from this member. */
  noteSync(memberId: string): void {
    this.members.pendingSync.delete(memberId)
    if (this.members.pendingSync.size === 0) this.#timers.cancel(syncKey)
  }

  /** The leader's assignment: all who wait for theirs get it, and the group is stable. */
  stabilize(assignments: ReadonlyMap<string, Buffer>): void {
    for (const member of this.members.all) member.assignment = assignments.get(member.memberId) ?? noBytes
    this.#moveTo('Stable')
    this.persist()
    this.#propagateAssignments(ErrorCode.NONE)
  }

  /** Writes down what the next coordinator is to know. */
  persist(): void {
    this.#snapshot = this.#asSnapshot()
  }

  /** Another coordinator loads the group from what was written; whoever waits for an answer is sent to it. */
  reload(): void {
    this.answerAll(ErrorCode.NOT_COORDINATOR)
    this.load(this.#snapshot)
  }

  /** Puts the group into the state of a snapshot; all sessions start now. */
  load(snapshot: ClassicSnapshot): void {
    this.#timers.cancelAll()
    this.members.clear()
    this.#isDelayToBeProlonged = false
    this.#generationId = snapshot.generationId
    this.#protocolName = snapshot.protocolName
    for (const spec of snapshot.members) this.#enter(new ClassicMember(spec))
    this.#protocolType = snapshot.protocolType
    this.members.setLeader(snapshot.leaderId)
    this.#subscribedTopics = this.#computeSubscribedTopics()
    this.#previousState = this.#state = this.members.size > 0 ? 'Stable' : 'Empty'
    this.#stateSince = snapshot.stateSince
    for (const member of this.members.all) this.expectHeartbeat(member)
    this.#snapshot = snapshot
  }

  /** Answers every request that waits. */
  answerAll(errorCode: number): void {
    for (const member of this.members.all) {
      const { memberId } = member
      member.answerJoin({ errorCode, memberId, protocolName: null, leader: '', members: [] })
      member.answerSync({ errorCode, assignment: noBytes })
    }
  }

  /** The group is gone, and nothing of it goes on. */
  die(): void {
    this.#timers.cancelAll()
    this.answerAll(ErrorCode.NOT_COORDINATOR)
    this.#moveTo('Dead')
  }

  /** What a member gets that is let into the current generation. */
  joinResponse(memberId: string): JoinGroupResponse {
    const isLeader = this.members.isLeader(memberId)
    return {
      errorCode: ErrorCode.NONE,
      generationId: this.#generationId,
      protocolType: this.#protocolType,
      protocolName: this.#protocolName,
      leader: this.members.leaderId ?? '',
      memberId,
      members: isLeader ? this.memberList() : [],
    }
  }

  /** The members as the leader is told them, which has to assign. */
  memberList(): JoinGroupResponse['members'] {
    return this.members.all.map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      metadata: member.metadata(this.#protocolName),
    }))
  }

  /** The first members of an empty group wait for others, so that not each of them costs a rebalance. */
  #delayInitialRebalance(): void {
    const delayMs = this.#initialDelayMs
    const remainingMs = Math.max(this.members.rebalanceTimeoutMs - delayMs, 0)
    this.#timers.schedule(joinKey, delayMs, () => this.#endInitialDelay(delayMs, remainingMs))
  }

  get #initialDelayMs(): number {
    return this.#services.configs.brokerNumber('group.initial.rebalance.delay.ms')
  }

  #endInitialDelay(delayMs: number, remainingMs: number): void {
    if (!this.#isDelayToBeProlonged || remainingMs === 0) return this.#completeJoin()
    this.#isDelayToBeProlonged = false
    const nextDelayMs = Math.min(this.#initialDelayMs, remainingMs)
    const nextRemainingMs = Math.max(remainingMs - delayMs, 0)
    this.#timers.schedule(joinKey, nextDelayMs, () => this.#endInitialDelay(nextDelayMs, nextRemainingMs))
  }

  #completeJoinIfPossible(): void {
    // The initial rebalance only ends with its delay.
    if (!this.isIn('PreparingRebalance') || this.#previousState === 'Empty') return
    if (this.members.haveAllJoined) this.#completeJoin()
  }

  #completeJoin(): void {
    this.#timers.cancel(joinKey)
    for (const member of this.members.all) {
      if (member.awaitsJoin || member.isStatic) continue
      this.#timers.cancel(heartbeatKey(member.memberId))
      this.members.remove(member.memberId)
    }
    if (!this.members.electJoinedLeader() && this.members.size > 0) {
      // Only static members are left, none of which rejoined: their sessions decide.
      this.#timers.schedule(joinKey, this.members.rebalanceTimeoutMs, () => this.#completeJoin())
      return
    }
    this.#beginGeneration()
    if (this.isIn('Empty')) this.persist()
    else this.#answerJoins()
  }

  #beginGeneration(): void {
    this.#generationId++
    this.#protocolName = this.members.selectProtocol()
    this.#subscribedTopics = this.#computeSubscribedTopics()
    this.#moveTo(this.members.size > 0 ? 'CompletingRebalance' : 'Empty')
    this.members.pendingSync.clear()
  }

  #answerJoins(): void {
    for (const member of this.members.all) {
      member.isNew = false
      this.expectHeartbeat(member)
      this.members.pendingSync.add(member.memberId)
    }
    const generationId = this.#generationId
    this.#timers.schedule(syncKey, this.members.rebalanceTimeoutMs, () => this.#expireSync(generationId))
    for (const member of this.members.all) member.answerJoin(this.joinResponse(member.memberId))
  }

  /** Members that were let in and did not ask for their assignment in time are out. */
  #expireSync(generationId: number): void {
    if (generationId !== this.#generationId || !this.isIn('CompletingRebalance', 'Stable')) return
    if (this.members.pendingSync.size === 0) return
    for (const memberId of [...this.members.pendingSync]) {
      this.#timers.cancel(heartbeatKey(memberId))
      this.members.remove(memberId)
    }
    this.prepareRebalance()
  }

  #expirePending(memberId: string): void {
    if (!this.members.pendingJoin.has(memberId)) return
    this.members.remove(memberId)
    if (this.isIn('PreparingRebalance') && this.members.haveAllJoined) this.#completeJoin()
  }

  #expireMember(memberId: string): void {
    const member = this.members.get(memberId)
    if (member === undefined || member.isExcusedFromHeartbeats) return
    this.#services.runtime.logger.info(
      'Member removed from its group: no heartbeat within the session timeout',
      {
        group: this.groupId,
        member: memberId,
      },
    )
    this.#refuse(member)
    this.members.remove(memberId)
    if (this.isIn('Stable', 'CompletingRebalance')) this.rebalanceOrCompleteJoin()
    else if (this.isIn('PreparingRebalance') && this.members.haveAllJoined) this.#completeJoin()
  }

  /** Whoever still waits under an id that is taken from the group learns that it has to join anew. */
  #refuse(member: ClassicMember | undefined): void {
    const errorCode = ErrorCode.UNKNOWN_MEMBER_ID
    member?.answerJoin({ errorCode, memberId: '', protocolName: null, leader: '', members: [] })
    member?.answerSync({ errorCode, assignment: noBytes })
  }

  #resetAssignments(errorCode: number): void {
    for (const member of this.members.all) member.assignment = noBytes
    this.#propagateAssignments(errorCode)
  }

  #propagateAssignments(errorCode: number): void {
    const isRefused = errorCode !== ErrorCode.NONE
    for (const member of this.members.all) {
      if (!member.awaitsSync) continue
      // Sessions did not count while the answer was held back.
      this.expectHeartbeat(member)
      member.answerSync({
        errorCode,
        protocolType: isRefused ? null : this.#protocolType,
        protocolName: isRefused ? null : this.#protocolName,
        assignment: member.assignment,
      })
    }
  }

  /** Undefined where it can't be known: no consumers, no protocol chosen, or metadata that is no subscription. */
  #computeSubscribedTopics(): ReadonlySet<string> | undefined {
    if (this.#protocolType !== consumerProtocolType) return undefined
    if (this.members.size > 0 && this.#protocolName === null) return undefined
    const topics = new Set<string>()
    for (const member of this.members.all) {
      const subscribed = subscriptionTopics(member.metadata(this.#protocolName))
      if (subscribed === undefined) return undefined
      for (const topic of subscribed) topics.add(topic)
    }
    return topics
  }

  #moveTo(state: ClassicState): void {
    this.#previousState = this.#state
    this.#state = state
    this.#stateSince = this.#services.runtime.clock.wallTime()
  }

  #asSnapshot(): ClassicSnapshot {
    return {
      generationId: this.#generationId,
      protocolType: this.#protocolType,
      protocolName: this.#protocolName,
      leaderId: this.members.leaderId,
      // Of what the members can do, only what they do is written down.
      members: this.members.all.map((member) => ({
        ...member.toSpec(),
        protocols: member.protocols.filter((protocol) => protocol.name === this.#protocolName),
      })),
      stateSince: this.#stateSince,
    }
  }
}
