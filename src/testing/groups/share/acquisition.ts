import type { StoredBatch } from '../../log/partition-log'
import type { InFlightRecord } from './in-flight-record'
import type { AcquireOptions } from './share-partition'

/** Records that a member got together. */
export interface AcquiredRange {
  readonly firstOffset: bigint
  lastOffset: bigint
  readonly deliveryCount: number
}

/** Collects what one fetch of a member gets of one partition, within all limits. */
export class Acquisition {
  readonly ranges: AcquiredRange[] = []
  /** Records among them that nobody had before. */
  newCount = 0
  readonly #options: Pick<AcquireOptions, 'maxRecords' | 'batchSize' | 'isStrict'>
  readonly #maxDeliveryCount: number
  #count = 0
  #isOver = false
  #batch: StoredBatch | undefined
  /** How many records of this batch may be handed out again; fewer with each delivery that failed. */
  #againAtMost = Number.MAX_SAFE_INTEGER
  #againCount = 0

  constructor(options: AcquireOptions, maxDeliveryCount: number) {
    this.#options = options
    this.#maxDeliveryCount = maxDeliveryCount
  }

  get isOver(): boolean {
    return this.#isOver || this.#count >= this.#options.maxRecords
  }

  /** What follows is of this batch; `inFlight` are those of its records that were handed out before. */
  beginBatch(batch: StoredBatch, inFlight: readonly InFlightRecord[]): void {
    this.#batch = batch
    this.#againCount = 0
    this.#againAtMost = this.#throttle(inFlight)
  }

  /**
   * A batch in which a record can't be processed comes in halves, quarters, …, so that the good records of it are
   * not given up together with the bad one.
   */
  #throttle(inFlight: readonly InFlightRecord[]): number {
    const limit = Math.max(2, Math.ceil(this.#maxDeliveryCount / 2))
    const first = inFlight.find((record) => record.state === 'available' && record.deliveryCount >= limit)
    if (first === undefined) return Number.MAX_SAFE_INTEGER
    return Math.max(1, inFlight.length >> (first.deliveryCount - limit + 1))
  }

  /** False when this record, and what follows it in the batch, has to wait. */
  offerAgain(offset: bigint, record: InFlightRecord): boolean {
    // The last delivery of a record is its own: nothing else shall be lost with it.
    const isLastTry = this.#maxDeliveryCount > 2 && record.deliveryCount === this.#maxDeliveryCount - 1
    if (isLastTry && this.#count > 0) {
      this.#isOver = true
      return false
    }
    if (this.#againCount >= this.#againAtMost || (this.#options.isStrict && this.isOver)) return false
    record.deliveryCount++
    this.#againCount++
    this.#add(offset, record.deliveryCount)
    if (isLastTry) this.#isOver = true
    return !isLastTry
  }

  /** False when no more new records are wanted. */
  offerNew(offset: bigint): boolean {
    if (this.#isOver || (this.#options.isStrict && this.isOver)) return false
    this.#add(offset, 1)
    this.newCount++
    return true
  }

  #add(offset: bigint, deliveryCount: number): void {
    this.#count++
    const last = this.ranges.at(-1)
    const isNext = last?.lastOffset === offset - 1n && last.deliveryCount === deliveryCount
    if (last === undefined || !isNext || this.#beginsRange(last, offset)) {
      this.ranges.push({ firstOffset: offset, lastOffset: offset, deliveryCount })
    } else {
      last.lastOffset = offset
    }
  }

  #beginsRange(last: AcquiredRange, offset: bigint): boolean {
    if (this.#batch?.baseOffset !== offset) return false
    return last.deliveryCount > 1 || offset - last.firstOffset >= BigInt(this.#options.batchSize)
  }
}
