import type { Logger } from '../../base/logger'
import { produceApi } from '../../wire/generated/broker/produce'
import { fail } from '../contracts/kafka-failure'
import type { LogAppend, PartitionLog } from '../contracts/partition-log'
import type { Services } from '../contracts/services'
import type { BrokerNode } from '../contracts/brokers'
import { deletionTarget } from './deletion-target'
import { InSyncSet } from './in-sync-set'
import {
  electLeader,
  electOnRequest,
  withoutFenced,
  type Election,
  type ElectionState,
} from './leader-election'
import type {
  AppendedBatches,
  AppendOptions,
  Partition,
  PartitionEvent,
  TransactionMarker,
} from '../contracts/partition'
import { PartitionSurroundings } from './partition-surroundings'
import {
  checkReplicas,
  planReassignment,
  replicasDuring,
  revertReassignment,
  type Reassignment,
} from './reassignment'
import { ReplicaLogs } from './replica-logs'
import { ReplicationWaiters } from './replication-waiters'
import { Watchers } from './watchers'

/** What a partition is made of. */
export interface ReplicatedPartitionOptions {
  readonly topic: string
  readonly topicId: string
  readonly index: number
  /** In their order of preference. */
  readonly replicas: readonly number[]
  readonly services: Services
  /** Makes the log of one replica. */
  readonly createLog: () => PartitionLog
}

/**
 * One partition with all its replicas. It owns leader, epochs, in-sync set and high watermark, and plays leader,
 * followers and controller: it listens to the brokers' lives and draws the consequences at once.
 *
 * Each change ends in `#settle`, which lets followers catch up and join, finishes a reassignment and moves the high
 * watermark, and then in `#publish`, so that watchers never see a state in between. Long for a file, because these
 * only ever change together; what can be judged apart stands in the files beside it.
 */
export class ReplicatedPartition implements Partition {
  readonly topic: string
  readonly topicId: string
  readonly index: number
  readonly #logger: Logger
  readonly #surroundings: PartitionSurroundings
  readonly #logs: ReplicaLogs
  readonly #inSync: InSyncSet
  readonly #waiters: ReplicationWaiters
  readonly #watchers = new Watchers<PartitionEvent>()
  readonly #events = new Set<PartitionEvent>()
  readonly #unwatchBrokers: () => void
  #replicas: readonly number[]
  #reassignment: Reassignment | undefined
  #leaderId: number
  #leaderEpoch = 0
  #partitionEpoch = 0
  #highWatermark = 0n
  #leaderIsUp = false
  /** True while a member of the in-sync set gets no batches. */
  #hasLaggards = false
  #isDeleted = false

  constructor({ topic, topicId, index, replicas, services, createLog }: ReplicatedPartitionOptions) {
    this.topic = topic
    this.topicId = topicId
    this.index = index
    this.#logger = services.runtime.logger
    this.#surroundings = new PartitionSurroundings(services, topic)
    this.#replicas = replicas
    this.#logs = new ReplicaLogs(replicas, createLog)
    const alive = replicas.filter((id) => this.#surroundings.isAlive(id))
    this.#inSync = new InSyncSet({
      members: alive.length > 0 ? alive : replicas.slice(0, 1),
      clock: services.runtime.clock,
      lagTimeMaxMs: () => this.#surroundings.lagTimeMaxMs,
      onLate: (late) => this.#onLate(late),
    })
    this.#waiters = new ReplicationWaiters(services.runtime.clock)
    this.#leaderId = alive[0] ?? -1
    if (this.#leaderId !== -1) this.#log(this.#leaderId).startEpoch(0)
    this.#settle()
    this.#events.clear()
    this.#unwatchBrokers = services.brokers.watch((broker) => this.#onBrokerChange(broker))
  }

  get leaderId(): number {
    return this.#leaderId
  }

  get leaderEpoch(): number {
    return this.#leaderEpoch
  }

  get partitionEpoch(): number {
    return this.#partitionEpoch
  }

  get replicas(): readonly number[] {
    return this.#replicas
  }

  get inSyncReplicas(): readonly number[] {
    return this.#inSync.members
  }

  get addingReplicas(): readonly number[] {
    return this.#reassignment?.adding ?? []
  }

  get removingReplicas(): readonly number[] {
    return this.#reassignment?.removing ?? []
  }

  get isDeleted(): boolean {
    return this.#isDeleted
  }

  log(brokerId: number): PartitionLog | undefined {
    return this.#logs.get(brokerId)
  }

  get leaderLog(): PartitionLog {
    if (this.#isDeleted) throw fail('UNKNOWN_TOPIC_OR_PARTITION')
    if (this.#leaderId === -1) throw fail('NOT_LEADER_OR_FOLLOWER')
    return this.#log(this.#leaderId)
  }

  get logStartOffset(): bigint {
    return this.#bestLog?.startOffset ?? 0n
  }

  get logEndOffset(): bigint {
    return this.#bestLog?.endOffset ?? 0n
  }

  get highWatermark(): bigint {
    return this.#highWatermark
  }

  get lastStableOffset(): bigint {
    return this.#bestLog?.lastStableOffset(this.#highWatermark) ?? this.#highWatermark
  }

  highWatermarkOn(brokerId: number): bigint {
    if (brokerId === this.#leaderId) return this.#highWatermark
    return this.#logs.highWatermarkOn(brokerId, this.#highWatermark)
  }

  lastStableOffsetOn(brokerId: number): bigint {
    const highWatermark = this.highWatermarkOn(brokerId)
    return this.#logs.get(brokerId)?.lastStableOffset(highWatermark) ?? highWatermark
  }

  get minInSyncReplicas(): number {
    return this.#surroundings.minInSyncReplicas(this.#replicas.length)
  }

  append(records: Buffer, options: AppendOptions): AppendedBatches {
    const log = this.#writableLog()
    const version = options.produceVersion ?? produceApi.maxVersion
    return this.#stored(log, log.append(records, this.#leaderEpoch, version, options.origin))
  }

  appendMarker(marker: TransactionMarker): AppendedBatches {
    const log = this.#writableLog()
    return this.#stored(log, log.appendMarker(marker, this.#leaderEpoch))
  }

  whenReplicated(offset: bigint, timeoutMs: number): Promise<void> {
    if (this.#isDeleted) return Promise.reject(fail('UNKNOWN_TOPIC_OR_PARTITION'))
    if (this.#highWatermark > offset) return Promise.resolve()
    if (this.#leaderId === -1) return Promise.reject(fail('NOT_LEADER_OR_FOLLOWER'))
    return this.#waiters.wait(offset, timeoutMs)
  }

  deleteRecordsBefore(offset: bigint): bigint {
    const log = this.#writableLog()
    const target = deletionTarget(offset, {
      partition: `${this.topic}-${this.index}`,
      highWatermark: this.#highWatermark,
      config: this.#surroundings.logConfig,
    })
    if (target > log.startOffset) {
      log.advanceStart(target)
      this.#logs.advanceStart(log.startOffset)
      this.#events.add('log-start')
      this.#publish()
    }
    return log.startOffset
  }

  moveLeader(to: number): void {
    if (!this.#replicas.includes(to)) {
      throw fail('INVALID_REPLICA_ASSIGNMENT', `Broker ${to} is no replica of ${this.topic}-${this.index}.`)
    }
    if (!this.#inSync.has(to) || !this.#surroundings.isAlive(to)) {
      throw fail('ELIGIBLE_LEADERS_NOT_AVAILABLE', `Broker ${to} is not alive and in sync.`)
    }
    if (to === this.#leaderId) return
    this.#changeLeader({ leaderId: to, inSyncReplicas: this.#inSync.members, isUnclean: false })
    this.#settle()
    this.#publish()
  }

  electLeader(type: 'preferred' | 'unclean'): void {
    this.#changeLeader(electOnRequest(type, this.#electionState(true), this.#leaderId))
    this.#settle()
    this.#publish()
  }

  reassign(replicas: readonly number[]): void {
    checkReplicas(replicas, (id) => this.#surroundings.isRegistered(id))
    const plan = planReassignment(this.#replicas, replicas)
    const during = replicasDuring(plan)
    if (plan.adding.length === 0 && plan.removing.length === 0 && sameOrder(during, this.#replicas)) return
    for (const id of plan.adding) this.#logs.add(id)
    this.#replicas = during
    this.#reassignment = plan.adding.length > 0 || plan.removing.length > 0 ? plan : undefined
    this.#partitionEpoch++
    this.#settle()
    this.#publish()
  }

  cancelReassignment(): void {
    const before = revertReassignment({
      reassignment: this.#reassignment,
      replicas: this.#replicas,
      inSyncReplicas: this.#inSync.members,
      allowUnclean: this.#surroundings.allowsUnclean,
      partition: `${this.topic}:${this.index}`,
    })
    this.#reassignment = undefined
    this.#setReplicas(before.replicas, before.inSyncReplicas)
    this.#settle()
    this.#publish()
  }

  holdReplication(brokerId: number): void {
    this.#logs.hold(brokerId)
    this.#settle()
    this.#publish()
  }

  releaseReplication(brokerId: number): void {
    this.#logs.release(brokerId)
    this.#settle()
    // Who reads from that follower sees more now, although the leader's high watermark may be as before.
    this.#events.add('high-watermark')
    this.#publish()
  }

  applyRetention(): void {
    const now = this.#surroundings.wallTime
    for (const id of this.#replicas) {
      const moved = this.#surroundings.isUp(id) && this.#log(id).applyRetention(now, this.highWatermarkOn(id))
      if (moved && id === this.#leaderId) this.#events.add('log-start')
    }
    this.#publish()
  }

  compact(): void {
    const now = this.#surroundings.wallTime
    for (const id of this.#replicas)
      if (this.#surroundings.isUp(id)) this.#log(id).compact(now, this.highWatermarkOn(id))
  }

  watch(listener: (event: PartitionEvent) => void): () => void {
    return this.#watchers.add(listener)
  }

  /** The topic is gone: who waits is told, and the logs' bytes are given back. */
  delete(): void {
    if (this.#isDeleted) return
    this.#isDeleted = true
    this.#unwatchBrokers()
    this.#inSync.stop()
    this.#logs.clear()
    this.#waiters.rejectAll(fail('UNKNOWN_TOPIC_OR_PARTITION'))
    this.#watchers.emit('deleted')
  }

  #log(brokerId: number): PartitionLog {
    const log = this.#logs.get(brokerId)
    if (log === undefined) throw fail('REPLICA_NOT_AVAILABLE')
    return log
  }

  /** The leader's log; while nobody leads that of an in-sync replica, which has all that was acknowledged. */
  get #bestLog(): PartitionLog | undefined {
    return this.#logs.get(this.#leaderId !== -1 ? this.#leaderId : (this.#inSync.members[0] as number))
  }

  /** A dead or frozen leader stores nothing, although the controller has not noticed. */
  #writableLog(): PartitionLog {
    const log = this.leaderLog
    if (!this.#leaderIsUp) throw fail('NOT_LEADER_OR_FOLLOWER')
    return log
  }

  #stored(log: PartitionLog, append: LogAppend): AppendedBatches {
    if (append.stored.length > 0) {
      this.#logs.replicate(append.stored)
      if (this.#hasLaggards) this.#noteLags()
      const moved = this.#advanceHighWatermark()
      this.#watchers.emit('append')
      if (moved) this.#watchers.emit('high-watermark')
    }
    return {
      baseOffset: append.baseOffset,
      lastOffset: append.lastOffset,
      logAppendTime: append.logAppendTime,
      logStartOffset: log.startOffset,
      isDuplicate: append.isDuplicate,
    }
  }

  #electionState(allowUnclean: boolean): ElectionState {
    return {
      replicas: this.#replicas,
      inSyncReplicas: this.#inSync.members,
      canLead: (id) => this.#surroundings.isAlive(id),
      allowUnclean,
    }
  }

  /** What the controller does by itself when a leader is gone. */
  #elect(): Election {
    return electLeader(this.#electionState(this.#surroundings.allowsUnclean))
  }

  #onBrokerChange(broker: BrokerNode): void {
    if (!this.#replicas.includes(broker.id)) return
    const wasUp = this.#leaderIsUp
    const leaderBefore = this.#leaderId
    this.#setInSync(
      withoutFenced(this.#inSync.members, this.#leaderId, (id) => !this.#surroundings.isAlive(id)),
    )
    if (this.#leaderId === -1 || !this.#surroundings.isAlive(this.#leaderId)) {
      const election = this.#elect()
      if (election.leaderId !== this.#leaderId) this.#changeLeader(election)
    }
    this.#settle()
    if (!wasUp && this.#leaderIsUp && leaderBefore === this.#leaderId) this.#events.add('leader-reachable')
    this.#publish()
  }

  #setInSync(members: readonly number[]): void {
    if (members === this.#inSync.members) return
    this.#inSync.replace(members)
    this.#partitionEpoch++
  }

  #changeLeader({ leaderId, inSyncReplicas, isUnclean }: Election): void {
    this.#leaderId = leaderId
    this.#leaderEpoch++
    this.#partitionEpoch++
    this.#inSync.replace(inSyncReplicas)
    this.#inSync.forgetLags()
    if (leaderId !== -1) {
      const log = this.#log(leaderId)
      log.startEpoch(this.#leaderEpoch)
      if (log.endOffset < this.#highWatermark) this.#highWatermark = log.endOffset
      if (isUnclean) {
        this.#logger.warn('Unclean leader election: records may be lost', {
          topic: this.topic,
          partition: this.index,
          leaderId,
        })
      }
    }
    this.#events.add('leader')
    this.#waiters.rejectAll(fail('NOT_LEADER_OR_FOLLOWER'))
  }

  /** Draws the consequences of a change for followers, in-sync set, reassignment and high watermark. */
  #settle(): void {
    if (this.#isDeleted) return
    this.#leaderIsUp = this.#leaderId !== -1 && this.#surroundings.isUp(this.#leaderId)
    const leader = this.#leaderIsUp
      ? { id: this.#leaderId, epoch: this.#leaderEpoch, log: this.#log(this.#leaderId) }
      : undefined
    this.#logs.regroup(leader, (id) => this.#surroundings.isUp(id), this.#highWatermark)
    if (leader !== undefined) {
      for (const id of this.#replicas) {
        if (this.#inSync.has(id) || !this.#logs.isInStep(id) || !this.#surroundings.isAlive(id)) continue
        this.#inSync.add(id)
        this.#partitionEpoch++
      }
      if (this.#completeReassignment()) return this.#settle()
    }
    this.#hasLaggards = this.#inSync.members.some((id) => id !== this.#leaderId && !this.#logs.isInStep(id))
    this.#noteLags()
    if (this.#advanceHighWatermark()) this.#events.add('high-watermark')
  }

  /** True when the replicas changed. */
  #completeReassignment(): boolean {
    const plan = this.#reassignment
    if (plan === undefined || plan.adding.some((id) => !this.#inSync.has(id))) return false
    const inSync = this.#inSync.members.filter((id) => plan.target.includes(id))
    if (inSync.length === 0) return false
    this.#reassignment = undefined
    this.#setReplicas(plan.target, inSync)
    return true
  }

  #setReplicas(replicas: readonly number[], inSync: readonly number[]): void {
    const removed = this.#replicas.filter((id) => !replicas.includes(id))
    this.#replicas = replicas
    this.#inSync.replace(inSync)
    this.#partitionEpoch++
    if (!replicas.includes(this.#leaderId)) {
      this.#changeLeader(this.#elect())
    } else if (removed.length > 0) {
      // KRaft starts a new epoch whenever replicas went, so that none of them can think it still leads or follows.
      this.#leaderEpoch++
      this.#log(this.#leaderId).startEpoch(this.#leaderEpoch)
      this.#events.add('leader')
    }
    for (const id of removed) this.#logs.remove(id)
  }

  /** True when it moved. It stands still while fewer than `min.insync.replicas` are in sync (Kafka 3.7 and later). */
  #advanceHighWatermark(): boolean {
    const members = this.#inSync.members
    if (!this.#leaderIsUp) return false
    if (members.length < this.#replicas.length && members.length < this.minInSyncReplicas) return false
    const end = this.#hasLaggards
      ? this.#logs.replicatedUpTo(members, this.#leaderId, this.#leaderEpoch)
      : this.#log(this.#leaderId).endOffset
    if (end === undefined || end <= this.#highWatermark) return false
    this.#highWatermark = end
    if (this.#waiters.size > 0) this.#waiters.advance(end)
    return true
  }

  /** Who has not followed this leader yet lags too, whatever its log holds. */
  #noteLags(): void {
    this.#inSync.noteLags((id) => {
      if (!this.#leaderIsUp || id === this.#leaderId) return false
      return this.#logs.replicatedEnd(id, this.#leaderEpoch) !== this.#log(this.#leaderId).endOffset
    })
  }

  #onLate(late: readonly number[]): void {
    if (late.length > 0) this.#setInSync(this.#inSync.members.filter((id) => !late.includes(id)))
    this.#settle()
    this.#publish()
  }

  #publish(): void {
    if (this.#events.size === 0) return
    const events = [...this.#events]
    this.#events.clear()
    for (const event of events) this.#watchers.emit(event)
  }
}

function sameOrder(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((id, at) => id === b[at])
}
