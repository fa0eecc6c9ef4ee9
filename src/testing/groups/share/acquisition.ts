import type { StoredBatch } from '../../contracts/partition-log'
import type { InFlightRecord } from './in-flight-record'

/** What a member asks for. */
export interface AcquireOptions {
  readonly memberId: string
  /** What the log has from `nextFetchOffset` on. */
  readonly batches: readonly StoredBatch[]
  readonly maxRecords: number
  /** Ranges of new records end at the first batch's end behind this many. */
  readonly batchSize: number
  /** KIP-1206: never more than `maxRecords`, although a batch is cut. */
  readonly isStrict: boolean
  /** Records that read_committed passes over. */
  readonly isAborted: (batch: StoredBatch) => boolean
}

/** Records that a member got together. */
export interface AcquiredRange {
  readonly firstOffset: bigint
  lastOffset: bigint
  readonly deliveryCount: number
}

/** Records in flight that were first handed out together, as far as they are asked for. */
export interface InFlightGroup {
  readonly acquiredWith: InFlightRecord['acquiredWith']
  readonly members: readonly (readonly [offset: bigint, record: InFlightRecord])[]
}

/** Collects what one fetch of a member gets of one partition, within all limits. */
export class Acquisition {
  readonly ranges: AcquiredRange[] = []
  readonly #options: Pick<AcquireOptions, 'maxRecords' | 'batchSize' | 'isStrict'>
  readonly #maxDeliveryCount: number
  #count = 0
  #isOver = false
  /** The first new record; what was handed out before is never in one range with it. */
  #newFrom: bigint | undefined

  constructor(
    options: Pick<AcquireOptions, 'maxRecords' | 'batchSize' | 'isStrict'>,
    maxDeliveryCount: number,
  ) {
    this.#options = options
    this.#maxDeliveryCount = maxDeliveryCount
  }

  get isOver(): boolean {
    return this.#isOver || this.#count >= this.#options.maxRecords
  }

  get #isFull(): boolean {
    return this.#options.isStrict && this.#count >= this.#options.maxRecords
  }

  /** Takes what is available of records that were handed out before. */
  offerAgain({ acquiredWith, members }: InFlightGroup): void {
    if (this.isOver) return
    const available = members.filter(([, record]) => record.state === 'available')
    if (available.length === 0) return
    const limit = Math.max(2, Math.ceil(this.#maxDeliveryCount / 2))
    if (available.some(([, record]) => record.deliveryCount >= limit)) {
      const size =
        acquiredWith === undefined ? 1 : Number(acquiredWith.lastOffset - acquiredWith.firstOffset) + 1
      this.#takeFew(available, limit, size)
      return
    }
    let isFirst = true
    for (const [offset, record] of available) {
      if (this.#isFull) return
      this.#deliver(offset, record, isFirst)
      isFirst = false
    }
  }

  /**
   * Records that failed often come alone: half of those that were first handed out together, then a quarter, … so that
   * the good ones are not given up together with the bad one. The last delivery of a record is its own.
   */
  #takeFew(available: InFlightGroup['members'], limit: number, size: number): void {
    if (this.#count > 0) {
      this.#isOver = true
      return
    }
    let most = Number.MAX_SAFE_INTEGER
    for (const [offset, record] of available) {
      const { deliveryCount } = record
      const isLastTry = this.#maxDeliveryCount > 2 && deliveryCount === this.#maxDeliveryCount - 1
      if (this.#isFull || (isLastTry && this.#count > 0)) break
      if (deliveryCount >= limit && most === Number.MAX_SAFE_INTEGER) {
        most = Math.max(1, size >> (deliveryCount - limit + 1))
      }
      this.#deliver(offset, record, this.#count === 0)
      if (isLastTry || this.#count === most) break
    }
    this.#isOver = true
  }

  #deliver(offset: bigint, record: InFlightRecord, beginsRange: boolean): void {
    record.deliveryCount++
    this.#add(offset, record.deliveryCount, beginsRange)
  }

  /** The range that a new record is part of; undefined when no more are wanted. */
  offerNew(offset: bigint, { baseOffset }: StoredBatch): AcquiredRange | undefined {
    if (this.#isOver || this.#isFull) return undefined
    const last = this.ranges.at(-1)
    const isLong = last !== undefined && offset - last.firstOffset >= BigInt(this.#options.batchSize)
    const beginsRange =
      this.#newFrom === undefined || (baseOffset === offset && isLong && !this.#options.isStrict)
    this.#newFrom ??= offset
    return this.#add(offset, 1, beginsRange)
  }

  #add(offset: bigint, deliveryCount: number, beginsRange: boolean): AcquiredRange {
    this.#count++
    const last = this.ranges.at(-1)
    if (!beginsRange && last?.lastOffset === offset - 1n && last.deliveryCount === deliveryCount) {
      last.lastOffset = offset
      return last
    }
    const range = { firstOffset: offset, lastOffset: offset, deliveryCount }
    this.ranges.push(range)
    return range
  }
}
