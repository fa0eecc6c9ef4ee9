import { ErrorCode } from '../../../../src/base/error-codes'
import type { JoinGroupRequest } from '../../../../src/wire/generated/client/join-group'
import type { HeartbeatRequest } from '../../../../src/wire/generated/client/heartbeat'
import type { LeaveGroupRequest } from '../../../../src/wire/generated/client/leave-group'
import type { OffsetCommitRequest } from '../../../../src/wire/generated/client/offset-commit'
import type { SyncGroupRequest } from '../../../../src/wire/generated/client/sync-group'
import type { FakeClock } from '../../support/fake-clock'

interface CoordinatedMember {
  readonly id: string
  metadata: Uint8Array
  protocol: string
  join?: (response: object) => void
  sync?: (response: object) => void
  assignment: Uint8Array
  lastSeen: number
}

/**
 * The rules of Kafka's classic group coordinator, small: members join until all are there or the rebalance timeout
 * has passed, the first one leads, commits are checked against the generation.
 */
export class FakeCoordinator {
  readonly members = new Map<string, CoordinatedMember>()
  /** Per `topic-partition`, the offsets in the order they were stored. */
  readonly commits: { member: string; generation: number; partition: string; offset: bigint }[] = []
  generation = 0
  #state: 'empty' | 'preparing' | 'completing' | 'stable' = 'empty'
  #ids = 0
  /** Ids that were given out and have not joined yet. */
  readonly #promised = new Set<string>()
  #timer: { cancel(): void } | undefined

  constructor(
    readonly clock: FakeClock,
    readonly rebalanceTimeoutMs: number,
    readonly sessionTimeoutMs: number,
  ) {}

  /** Takes out members that have not been heard of; called by the test as time goes by. */
  expireSessions(): void {
    for (const { id, join, lastSeen } of [...this.members.values()]) {
      if (join === undefined && this.clock.now() - lastSeen > this.sessionTimeoutMs) this.remove(id)
    }
  }

  get stable(): boolean {
    return this.#state === 'stable'
  }

  joinGroup(request: JoinGroupRequest): Promise<object> | object {
    const failed = (errorCode: number, memberId = request.memberId) => ({
      ...this.#answer(errorCode),
      memberId,
    })
    if (request.memberId === '') {
      const id = `member-${++this.#ids}`
      this.#promised.add(id)
      return failed(ErrorCode.MEMBER_ID_REQUIRED, id)
    }
    if (!this.members.has(request.memberId) && !this.#promised.delete(request.memberId)) {
      return failed(ErrorCode.UNKNOWN_MEMBER_ID)
    }
    const [protocol] = request.protocols
    const member: CoordinatedMember = this.members.get(request.memberId) ?? {
      id: request.memberId,
      metadata: Buffer.alloc(0),
      protocol: '',
      assignment: Buffer.alloc(0),
      lastSeen: this.clock.now(),
    }
    member.metadata = protocol?.metadata ?? Buffer.alloc(0)
    member.protocol = protocol?.name ?? ''
    this.members.set(member.id, member)
    const joined = new Promise<object>((resolve) => (member.join = resolve))
    this.#prepare()
    this.#completeIfAllJoined()
    return joined
  }

  syncGroup(request: SyncGroupRequest): Promise<object> | object {
    const member = this.members.get(request.memberId)
    if (member === undefined) return this.#answer(ErrorCode.UNKNOWN_MEMBER_ID)
    if (request.generationId !== this.generation) return this.#answer(ErrorCode.ILLEGAL_GENERATION)
    if (this.#state === 'preparing') return this.#answer(ErrorCode.REBALANCE_IN_PROGRESS)
    if (this.#state === 'stable') return { ...this.#answer(0), assignment: member.assignment }
    const synced = new Promise<object>((resolve) => (member.sync = resolve))
    if (request.assignments.length > 0) {
      for (const { memberId, assignment } of request.assignments) {
        const target = this.members.get(memberId)
        if (target !== undefined) target.assignment = assignment
      }
      this.#state = 'stable'
      for (const one of this.members.values()) {
        one.sync?.({ ...this.#answer(0), assignment: one.assignment })
        one.sync = undefined
      }
    } else if ([...this.members.keys()][0] === request.memberId) {
      throw new Error('The leader sent no assignment')
    }
    return this.#state === 'stable' ? { ...this.#answer(0), assignment: member.assignment } : synced
  }

  heartbeat(request: HeartbeatRequest): object {
    return { throttleTimeMs: 0, errorCode: this.#check(request.memberId, request.generationId, 'preparing') }
  }

  leaveGroup(request: LeaveGroupRequest): object {
    for (const { memberId } of request.members ?? []) this.remove(memberId)
    return { throttleTimeMs: 0, errorCode: 0, members: [] }
  }

  offsetCommit(request: OffsetCommitRequest): object {
    const generation = request.generationIdOrMemberEpoch ?? -1
    const errorCode = this.#check(request.memberId, generation, 'completing')
    const topics = request.topics.map(({ name = '', partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, committedOffset }) => {
        if (errorCode === 0) {
          const partition = `${name}-${partitionIndex}`
          this.commits.push({ member: request.memberId, generation, partition, offset: committedOffset })
        }
        return { partitionIndex, errorCode }
      }),
    }))
    return { throttleTimeMs: 0, topics }
  }

  /** Takes a member out, as a leave or an expired session does. */
  remove(memberId: string): void {
    const member = this.members.get(memberId)
    if (member === undefined) return
    this.members.delete(memberId)
    member.join?.(this.#answer(ErrorCode.UNKNOWN_MEMBER_ID))
    member.sync?.(this.#answer(ErrorCode.UNKNOWN_MEMBER_ID))
    if (this.members.size === 0) this.#state = 'empty'
    else this.#prepare()
    this.#completeIfAllJoined()
  }

  #check(memberId: string, generation: number, busyWhile: 'preparing' | 'completing'): number {
    const member = this.members.get(memberId)
    if (member === undefined) return ErrorCode.UNKNOWN_MEMBER_ID
    member.lastSeen = this.clock.now()
    if (generation !== this.generation) return ErrorCode.ILLEGAL_GENERATION
    return this.#state === busyWhile ? ErrorCode.REBALANCE_IN_PROGRESS : 0
  }

  #prepare(): void {
    if (this.#state === 'preparing') return
    this.#state = 'preparing'
    for (const member of this.members.values()) {
      member.sync?.(this.#answer(ErrorCode.REBALANCE_IN_PROGRESS))
      member.sync = undefined
    }
    this.#timer?.cancel()
    this.#timer = this.clock.setTimer(this.rebalanceTimeoutMs, () => {
      for (const member of [...this.members.values()])
        if (member.join === undefined) this.members.delete(member.id)
      this.#completeIfAllJoined()
    })
  }

  #completeIfAllJoined(): void {
    const members = [...this.members.values()]
    if (this.#state !== 'preparing' || members.length === 0 || members.some((member) => !member.join)) return
    this.#timer?.cancel()
    this.#state = 'completing'
    this.generation++
    const leader = members[0]?.id
    for (const member of members) {
      const listed = members.map(({ id, metadata }) => ({ memberId: id, groupInstanceId: null, metadata }))
      member.join?.({
        ...this.#answer(0),
        generationId: this.generation,
        protocolName: member.protocol,
        leader,
        memberId: member.id,
        members: member.id === leader ? listed : [],
      })
      member.join = undefined
      member.lastSeen = this.clock.now()
    }
  }

  #answer(errorCode: number) {
    return {
      throttleTimeMs: 0,
      errorCode,
      generationId: -1,
      protocolType: 'consumer',
      protocolName: null,
      leader: '',
      skipAssignment: false,
      memberId: '',
      members: [],
      assignment: Buffer.alloc(0),
    }
  }
}
