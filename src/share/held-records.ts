import type { Clock, Timer } from '../base/clock'
import { ErrorCode } from '../base/error-codes'
import { BrokerError, type KafkaError } from '../base/errors'
import type { Metadata } from '../cluster/metadata'
import { type AcquiredRange, type AcquiredRecords, lockOver } from './acquired-records'

export interface HeldRecordsOptions {
  readonly clock: Clock
  /** Locks are renewed at half their time for as long as this says so. */
  readonly mayRenew: () => boolean
  /** Locks ended by time; nothing was said of this many of their messages. */
  readonly onExpired: (records: AcquiredRecords) => void
  /** Something is held no longer. */
  readonly onReleased: () => void
}

/**
 * All records that this member holds locks on, by every broker, and when those end: by time, or because another broker
 * leads the partition. One timer, for the lock that needs care next; none while nothing is held.
 */
export class HeldRecords {
  readonly #options: HeldRecordsOptions
  readonly #records = new Set<AcquiredRecords>()
  #timer: Timer | undefined
  #timerAt = Infinity
  /** `group.share.record.lock.duration.ms` as the brokers said it last; undefined before. */
  lockTimeoutMs: number | undefined

  constructor(options: HeldRecordsOptions) {
    this.#options = options
  }

  /** Offsets that brokers hold for this member. */
  get count(): number {
    let count = 0
    for (const records of this.#records) count += records.heldCount
    return count
  }

  get isEmpty(): boolean {
    return this.#records.size === 0
  }

  /** When locks that are taken or renewed now will end. */
  lockedUntil(): number {
    return this.lockTimeoutMs === undefined ? Infinity : this.#options.clock.now() + this.lockTimeoutMs
  }

  add(records: AcquiredRecords): void {
    this.#records.add(records)
    this.#arm(this.#careAt(records))
  }

  /** An answer changed what is held of them. */
  update(records: AcquiredRecords): void {
    if (records.isFinished) this.#delete(records)
    else this.#arm(this.#careAt(records))
  }

  all(): Iterable<AcquiredRecords> {
    return this.#records
  }

  /** What is held at that broker. */
  of(nodeId: number): AcquiredRecords[] {
    return [...this.#records].filter((records) => records.nodeId === nodeId)
  }

  /** The broker has ended the locks with its session. */
  loseAllOf(nodeId: number, error: KafkaError): void {
    for (const records of this.of(nodeId)) this.#lose(records, error)
  }

  /** Partitions that are led by another broker now: the locks stayed behind (S3). */
  loseMoved(metadata: Metadata): void {
    for (const records of [...this.#records]) {
      const { topic, partition, topicId } = records.partition
      if (metadata.topic(topic)?.topicId !== topicId) continue
      const leaderId = metadata.partition(topic, partition)?.leaderId ?? -1
      if (leaderId < 0 || leaderId === records.nodeId) continue
      const what = `Broker ${records.nodeId} no longer leads the partition, and its locks are over`
      this.#lose(records, new BrokerError(ErrorCode.NOT_LEADER_OR_FOLLOWER, what, { topic, partition }))
    }
  }

  /** The member was given these records anew: what it says of them under an older lock must not reach the new one. */
  supersede(key: string, ranges: readonly AcquiredRange[]): void {
    for (const records of [...this.#records]) {
      if (records.partition.key !== key) continue
      const error = lockOver(records.partition, 'The lock was over: the message was delivered anew')
      for (const { firstOffset, lastOffset } of ranges) records.supersede(firstOffset, lastOffset, error)
      if (records.isFinished) this.#delete(records)
    }
  }

  /** Locks whose time is over are given up before anything is said under them. */
  expire(): void {
    const now = this.#options.clock.now()
    for (const records of [...this.#records]) {
      if (records.lockedUntil <= now) this.#expire(records)
    }
  }

  /** Nothing is held any more. */
  close(error: KafkaError): void {
    for (const records of [...this.#records]) this.#lose(records, error)
    this.#timer?.cancel()
  }

  #expire(records: AcquiredRecords): void {
    this.#options.onExpired(records)
    this.#lose(records, lockOver(records.partition, 'The lock was over before the acknowledgement was sent'))
  }

  #lose(records: AcquiredRecords, error: KafkaError): void {
    records.lose(error)
    this.#delete(records)
  }

  #delete(records: AcquiredRecords): void {
    if (!this.#records.delete(records)) return
    if (this.#records.size === 0) this.#disarm()
    this.#options.onReleased()
  }

  #careAt({ lockedUntil }: AcquiredRecords): number {
    if (lockedUntil === Infinity || !this.#options.mayRenew()) return lockedUntil
    const renewAt = lockedUntil - (this.lockTimeoutMs ?? 0) / 2
    // Once its renewal was asked for in vain, the end is what remains.
    return renewAt > this.#options.clock.now() ? renewAt : lockedUntil
  }

  #arm(at: number): void {
    if (at >= this.#timerAt) return
    this.#timer?.cancel()
    this.#timerAt = at
    const { clock } = this.#options
    this.#timer = clock.setTimer(Math.max(0, at - clock.now()), () => {
      this.#disarm()
      this.#care()
    })
  }

  #disarm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#timerAt = Infinity
  }

  #care(): void {
    this.expire()
    const now = this.#options.clock.now()
    let next = Infinity
    for (const records of this.#records) {
      const isDue = records.lockedUntil - (this.lockTimeoutMs ?? 0) / 2 <= now
      if (isDue && this.#options.mayRenew()) records.renewOpen()
      next = Math.min(next, this.#careAt(records))
    }
    if (next !== Infinity) this.#arm(next)
  }
}
