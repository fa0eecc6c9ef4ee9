import type { PartitionLog, StoredBatch } from '../contracts/partition-log'
import { catchUp } from './follower-catch-up'

/** A leader that runs. */
export interface ReachableLeader {
  readonly id: number
  readonly epoch: number
  readonly log: PartitionLog
}

/**
 * The logs of one partition's replicas, and which of them are in step: running followers that have all their leader
 * has, and get each batch in the moment the leader stores it. The others keep what they had, and know the high watermark
 * of the moment they fell out.
 */
export class ReplicaLogs {
  readonly #create: () => PartitionLog
  readonly #logs = new Map<number, PartitionLog>()
  readonly #held = new Set<number>()
  readonly #inStep = new Map<number, PartitionLog>()
  /** The leader epoch in which each follower was in step last: what it has beyond is not known to later leaders. */
  readonly #followedEpochs = new Map<number, number>()
  /** High watermarks as those know them that neither lead nor are in step. */
  readonly #knownHighWatermarks = new Map<number, bigint>()

  constructor(replicas: readonly number[], create: () => PartitionLog) {
    this.#create = create
    for (const id of replicas) this.#logs.set(id, create())
  }

  get(brokerId: number): PartitionLog | undefined {
    return this.#logs.get(brokerId)
  }

  /** Makes an empty log for a new replica. */
  add(brokerId: number): void {
    if (!this.#logs.has(brokerId)) this.#logs.set(brokerId, this.#create())
  }

  /** Throws away a replica's log, and gives its bytes back to the budget. */
  remove(brokerId: number): void {
    const log = this.#logs.get(brokerId)
    if (log === undefined) return
    log.truncateTo(log.startOffset)
    this.#logs.delete(brokerId)
    this.#inStep.delete(brokerId)
    this.#held.delete(brokerId)
    this.#followedEpochs.delete(brokerId)
    this.#knownHighWatermarks.delete(brokerId)
  }

  clear(): void {
    for (const id of [...this.#logs.keys()]) this.remove(id)
  }

  hold(brokerId: number): void {
    this.#held.add(brokerId)
  }

  release(brokerId: number): void {
    this.#held.delete(brokerId)
  }

  isInStep(brokerId: number): boolean {
    return this.#inStep.has(brokerId)
  }

  /** Gives the followers in step what the leader stored. */
  replicate(stored: readonly StoredBatch[]): void {
    for (const log of this.#inStep.values()) log.replicate(stored)
  }

  /** Moves the start of the followers in step. */
  advanceStart(offset: bigint): void {
    for (const log of this.#inStep.values()) if (log.startOffset < offset) log.advanceStart(offset)
  }

  /**
   * Finds anew who is in step, and lets those catch up who come into step. Nobody is while the leader does not run, or
   * nobody leads.
   */
  regroup(
    leader: ReachableLeader | undefined,
    isRunning: (brokerId: number) => boolean,
    highWatermark: bigint,
  ): void {
    this.#inStep.clear()
    for (const [id, log] of this.#logs) {
      if (id === leader?.id) {
        this.#knownHighWatermarks.delete(id)
      } else if (leader !== undefined && !this.#held.has(id) && isRunning(id)) {
        catchUp(log, leader.log)
        this.#inStep.set(id, log)
        this.#followedEpochs.set(id, leader.epoch)
        this.#knownHighWatermarks.delete(id)
      } else if (!this.#knownHighWatermarks.has(id)) {
        this.#knownHighWatermarks.set(id, highWatermark)
      }
    }
  }

  /**
   * How far a follower's log is known to be its leader's. Undefined while it has not followed in this epoch: it can have
   * records of an earlier leader that it will truncate.
   */
  replicatedEnd(followerId: number, leaderEpoch: number): bigint | undefined {
    if (this.#followedEpochs.get(followerId) !== leaderEpoch) return undefined
    return this.#logs.get(followerId)?.endOffset
  }

  /** What the leader and these followers all have; undefined while that is not known of one. */
  replicatedUpTo(members: readonly number[], leaderId: number, leaderEpoch: number): bigint | undefined {
    let end = this.#logs.get(leaderId)?.endOffset
    for (const id of members) {
      if (id === leaderId) continue
      const replicated = this.replicatedEnd(id, leaderEpoch)
      if (replicated === undefined || end === undefined) return undefined
      if (replicated < end) end = replicated
    }
    return end
  }

  /** The high watermark a replica knows, when the leader's is `highWatermark`. */
  highWatermarkOn(brokerId: number, highWatermark: bigint): bigint {
    const known = this.#knownHighWatermarks.get(brokerId) ?? highWatermark
    const end = this.#logs.get(brokerId)?.endOffset ?? 0n
    return known < end ? known : end
  }
}
