import type { Clock } from '../../../base/clock'
import { fail } from '../../contracts/kafka-failure'
import type { StoredBatch } from '../../contracts/partition-log'
import { type AcknowledgementBatch, AcknowledgeType, typeAt } from './acknowledgements'
import { Acquisition, type AcquireOptions, type AcquiredRange, type InFlightGroup } from './acquisition'
import { type InFlightRecord, RecordLock, isDone, newRecord } from './in-flight-record'

/** What a share partition takes from the group's configs; read anew for each use. */
export interface SharePartitionConfig {
  readonly lockDurationMs: number
  readonly maxDeliveryCount: number
  readonly maxRecordLocks: number
  readonly mayRenew: boolean
}

/** What a share partition asks of others. */
export interface SharePartitionParts {
  readonly config: () => SharePartitionConfig
  /** Epoch of the partition's leader now, which may not have served yet. */
  readonly currentEpoch: () => number
  /** Records may be had that could not be had before. */
  readonly onAvailable: () => void
}

/**
 * What one share group did with one partition: which offsets are done, which are held by whom, which are to be had.
 *
 *     done │ start … records in flight … end │ not looked at
 *
 * It outlives its leader: the next one knows the start and all that was acknowledged or released, and no locks.
 */
export class SharePartition {
  readonly #clock: Clock
  readonly #parts: SharePartitionParts
  #records: InFlightRecord[] = []
  #startOffset: bigint | undefined
  /** What the share coordinator has stored; -1 before anything was. */
  #storedStartOffset = -1n
  #storedDoneCount = 0
  #leaderEpoch = 0

  constructor(clock: Clock, parts: SharePartitionParts) {
    this.#clock = clock
    this.#parts = parts
  }

  /** -1 until something was acknowledged, released or set. */
  get storedStartOffset(): bigint {
    return this.#storedStartOffset
  }

  /** Of the leader that served the partition last. */
  get leaderEpoch(): number {
    return this.#leaderEpoch
  }

  /** Records behind the stored start that nobody will get again, as far as that is stored. */
  get storedDoneCount(): number {
    return this.#storedDoneCount
  }

  get #doneCount(): number {
    return this.#records.filter(isDone).length
  }

  /** Offset of the first record that can be acquired, or behind all that were looked at. */
  get nextFetchOffset(): bigint {
    const index = this.#records.findIndex((record) => record.state === 'available')
    return this.#start + BigInt(index < 0 ? this.#records.length : index)
  }

  /** True when there is something to be had again, or room for more that is new. */
  get canAcquire(): boolean {
    if (this.nextFetchOffset !== this.#end) return true
    return this.#records.length - this.#doneCount < this.#parts.config().maxRecordLocks
  }

  /** True when the next record to be had was handed out before. */
  get hasReleased(): boolean {
    return this.nextFetchOffset !== this.#end
  }

  get #start(): bigint {
    return this.#startOffset ?? 0n
  }

  /** Behind the last record that was looked at. */
  get #end(): bigint {
    return this.#start + BigInt(this.#records.length)
  }

  /** Called by a leader before it serves. Another one than before knows of no locks, and finds its start anew. */
  serveFrom(leaderEpoch: number, logStartOffset: bigint, resetOffset: () => bigint): void {
    if (this.#startOffset !== undefined && leaderEpoch !== this.#leaderEpoch) this.#forgetLocks()
    this.#leaderEpoch = leaderEpoch
    this.#startOffset ??= this.#storedStartOffset >= 0n ? this.#storedStartOffset : resetOffset()
    this.#dropBefore(logStartOffset)
  }

  acquire(options: AcquireOptions): AcquiredRange[] {
    const { batches, memberId, maxRecords } = options
    const config = this.#parts.config()
    const room = config.maxRecordLocks - (this.#records.length - this.#doneCount)
    // Without room nothing new is looked at, but what was released is given again.
    const most = room > 0 ? Math.min(maxRecords, room) : maxRecords
    const acquisition = new Acquisition({ ...options, maxRecords: most }, config.maxDeliveryCount)
    const last = batches.at(-1)?.lastOffset ?? -1n
    for (const batch of batches) if (options.isAborted(batch)) this.#archiveAvailable(batch)
    for (const group of this.#inFlightFrom(batches[0]?.baseOffset ?? 0n, last)) acquisition.offerAgain(group)
    for (const batch of room > 0 ? batches : []) {
      if (acquisition.isOver) break
      if (batch.lastOffset >= this.#end) this.#acquireNew(batch, options.isAborted(batch), acquisition)
    }
    this.#advanceStart()
    for (const range of acquisition.ranges) this.#lock(memberId, range, config.lockDurationMs)
    return acquisition.ranges
  }

  #acquireNew(batch: StoredBatch, isAborted: boolean, acquisition: Acquisition): void {
    if (this.#records.length === 0 && batch.baseOffset > this.#start) this.#startOffset = batch.baseOffset
    // In front of the batch there may be a gap: offsets that compaction removed.
    while (this.#end < batch.baseOffset) this.#records.push(newRecord('archived', 0))
    for (let offset = this.#end; offset <= batch.lastOffset; offset++) {
      const range = isAborted ? undefined : acquisition.offerNew(offset, batch)
      if (range === undefined && !isAborted) return
      this.#records.push(newRecord(isAborted ? 'archived' : 'available', isAborted ? 0 : 1, range))
    }
  }

  #archiveAvailable({ baseOffset, lastOffset }: StoredBatch): void {
    for (const record of this.#between(baseOffset, lastOffset)) {
      if (record.state === 'available') record.state = 'archived'
    }
  }

  /** Records in flight between two offsets, those that were handed out together in groups. */
  #inFlightFrom(firstOffset: bigint, lastOffset: bigint): InFlightGroup[] {
    const groups: { acquiredWith: InFlightRecord['acquiredWith']; members: [bigint, InFlightRecord][] }[] = []
    let offset = firstOffset < this.#start ? this.#start : firstOffset
    for (const record of this.#between(firstOffset, lastOffset)) {
      const group = groups.at(-1)
      if (group === undefined || group.acquiredWith !== record.acquiredWith) {
        groups.push({ acquiredWith: record.acquiredWith, members: [[offset, record]] })
      } else {
        group.members.push([offset, record])
      }
      offset++
    }
    return groups
  }

  #lock(memberId: string, { firstOffset, lastOffset }: AcquiredRange, durationMs: number): void {
    const onTimeout = (lock: RecordLock): void =>
      this.#release(lock.firstOffset, lock.lastOffset, (record) => record.lock === lock)
    const lock = new RecordLock({
      memberId,
      firstOffset,
      lastOffset,
      clock: this.#clock,
      durationMs,
      onTimeout,
    })
    for (const record of this.#between(firstOffset, lastOffset)) lock.take(record)
  }

  /**
   * Takes a member's word on records that it holds: all of it or nothing.
   * @throws INVALID_RECORD_STATE when it does not hold them, INVALID_REQUEST for offsets that nobody could have
   */
  acknowledge(memberId: string, batches: readonly AcknowledgementBatch[]): void {
    for (const batch of batches) this.#checkHeld(memberId, batch)
    for (const batch of batches) this.#apply(memberId, batch)
    this.#stored()
  }

  #checkHeld(memberId: string, batch: AcknowledgementBatch): void {
    const { firstOffset, lastOffset } = batch
    // What is done is done: a word on records before the start is passed over.
    if (lastOffset < this.#start) return
    if (this.#records.length === 0) {
      throw fail(
        'INVALID_RECORD_STATE',
        'Batch record not found. The request batch offsets are not found in the cache.',
      )
    }
    for (const [offset, which] of [
      [firstOffset, 'first'],
      [lastOffset, 'last'],
    ] as const) {
      if (offset < this.#end) continue
      throw fail(
        'INVALID_REQUEST',
        `Batch record not found. The ${which} offset in request is past acquired records.`,
      )
    }
    const mayRenew = this.#parts.config().mayRenew
    if (!mayRenew && batch.acknowledgeTypes.includes(AcknowledgeType.renew)) {
      throw fail('INVALID_RECORD_STATE', 'Renewing acquisition locks is not enabled for the group.')
    }
    for (const record of this.#between(firstOffset, lastOffset)) {
      if (record.state !== 'acquired') {
        throw fail('INVALID_RECORD_STATE', 'The offset cannot be acknowledged. The offset is not acquired.')
      }
      if (record.lock?.memberId !== memberId) {
        throw fail('INVALID_RECORD_STATE', 'Member is not the owner of offset')
      }
    }
  }

  #apply(memberId: string, batch: AcknowledgementBatch): void {
    const from = batch.firstOffset < this.#start ? this.#start : batch.firstOffset
    for (let offset = from; offset <= batch.lastOffset; offset++) {
      const record = this.#records[Number(offset - this.#start)] as InFlightRecord
      const type = typeAt(batch, offset)
      if (type === AcknowledgeType.renew) {
        this.#lock(
          memberId,
          { firstOffset: offset, lastOffset: offset, deliveryCount: 0 },
          this.#parts.config().lockDurationMs,
        )
        continue
      }
      record.lock?.drop(record)
      if (type === AcknowledgeType.accept) record.state = 'acknowledged'
      else if (type === AcknowledgeType.release) this.#giveBack(record)
      else record.state = 'archived'
    }
  }

  /** Gives all back that a member holds; its session is over. */
  releaseAll(memberId: string): void {
    this.#release(this.#start, this.#end - 1n, (record) => record.lock?.memberId === memberId)
  }

  #release(firstOffset: bigint, lastOffset: bigint, isConcerned: (record: InFlightRecord) => boolean): void {
    // The locks went with their leader: there is nothing to release, and nobody to store it.
    if (this.#parts.currentEpoch() !== this.#leaderEpoch) return
    let hasReleased = false
    for (const record of this.#between(firstOffset, lastOffset)) {
      if (!isConcerned(record)) continue
      record.lock?.drop(record)
      this.#giveBack(record)
      hasReleased = true
    }
    if (hasReleased) this.#stored()
  }

  #giveBack(record: InFlightRecord): void {
    record.state = record.deliveryCount >= this.#parts.config().maxDeliveryCount ? 'archived' : 'available'
  }

  /** Starts anew at an offset that the admin chose; whatever was in flight is forgotten. */
  reset(startOffset: bigint): void {
    this.close()
    this.#records = []
    this.#startOffset = startOffset
    this.#storedStartOffset = startOffset
    this.#storedDoneCount = 0
    this.#parts.onAvailable()
  }

  /** Ends all locks. */
  close(): void {
    for (const record of this.#records) record.lock?.drop(record)
  }

  *#between(firstOffset: bigint, lastOffset: bigint): Iterable<InFlightRecord> {
    const from = firstOffset < this.#start ? 0 : Number(firstOffset - this.#start)
    const to = Number(lastOffset - this.#start)
    for (let i = from; i <= to && i < this.#records.length; i++) yield this.#records[i] as InFlightRecord
  }

  /** What is written is the state before the start moves: the next write tells of that. */
  #stored(): void {
    this.#storedStartOffset = this.#start
    this.#storedDoneCount = this.#doneCount
    this.#advanceStart()
    this.#parts.onAvailable()
  }

  #advanceStart(): void {
    const firstOpen = this.#records.findIndex((record) => !isDone(record))
    this.#dropFirst(firstOpen < 0 ? this.#records.length : firstOpen)
  }

  #dropBefore(offset: bigint): void {
    if (offset <= this.#start) return
    const beyond = offset - this.#end
    this.#dropFirst(Math.min(Number(offset - this.#start), this.#records.length))
    if (beyond > 0n) this.#startOffset = offset
  }

  #dropFirst(count: number): void {
    if (count === 0) return
    for (const record of this.#records.splice(0, count)) record.lock?.drop(record)
    this.#startOffset = this.#start + BigInt(count)
  }

  /** Locks and the deliveries that go with them are nowhere written; without any word of the group nothing is. */
  #forgetLocks(): void {
    for (const record of this.#records) {
      if (record.state !== 'acquired') continue
      record.lock?.drop(record)
      record.state = 'available'
      record.deliveryCount--
    }
    while (this.#records.at(-1)?.deliveryCount === 0 && this.#records.at(-1)?.state === 'available')
      this.#records.pop()
    if (this.#storedStartOffset >= 0n) return
    this.#records = []
    this.#startOffset = undefined
  }
}
