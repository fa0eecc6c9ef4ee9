import type { KafkaError } from '../base/errors'
import { RecordBatchBuilder, type SlabSource } from '../wire/records/record-batch-builder'
import type { CompressedRecords, SealedBatch } from '../wire/records/sealed-batch'
import type { BatchTerms } from './batch-terms'
import type { CompressionRatio } from './compression-ratios'
import type { PartitionQueue } from './partition-queue'
import type { ProducerIdAndEpoch } from './producer-identity'
import type { FlushBarrier, SendCall } from './send-call'

/**
 * Where a batch stands on its way:
 *
 *     open ──► closed ──► compressing ──► sealed ──► in flight ──► done
 *                │                           ▲           │ to be sent again
 *                └───────────────────────────┴───────────┘
 *
 * `open` takes records; `closed` takes no more but is not yet encoded to the end; `done` has told its calls.
 */
export type BatchStage = 'open' | 'closed' | 'compressing' | 'sealed' | 'done'

/** How a batch's records get their error, by their place in the batch. */
export type ErrorOfRecord = (recordIndex: number) => KafkaError

/**
 * One batch of one partition: its records as bytes, and for each record the call and the place in that call it
 * belongs to. Nothing is kept for a record by itself, because a million of them a second pass here.
 */
export class ProducerBatch {
  readonly queue: PartitionQueue
  readonly builder: RecordBatchBuilder
  /** Those of all calls that have records here. */
  readonly terms: BatchTerms
  /** Says how much a batch like this takes, and learns from it. */
  readonly ratio: CompressionRatio
  /** By the clock's `now`; `deliveryTimeoutMs` counts from here. */
  readonly createdAt: number
  stage: BatchStage = 'open'
  /** What the batch takes of the buffer memory. */
  reservedBytes: number
  /** Set when the batch is first drained; kept through retries (P1, P20). */
  identity: ProducerIdAndEpoch | undefined
  /** -1 until the batch is first drained, and without idempotence. */
  baseSequence = -1
  /** A request that carries it has no outcome yet. */
  inFlight = false
  /** A broker may have stored it in an earlier attempt whose answer is unknown (R6). */
  maybeStored = false
  /** Number of requests that carried it. */
  attempts = 0
  /** By the clock's `now`: when the last of them was made. */
  sentAt = 0
  /** Why the last attempt failed. */
  lastError: KafkaError | undefined
  compressed: CompressedRecords | undefined
  sealed: SealedBatch | undefined
  /** What the sealed bytes say of identity and sequence. */
  stampedAs: ProducerIdAndEpoch | undefined
  stampedSequence = -1
  /** Neighbours in `DeliveryDeadlines`. */
  older: ProducerBatch | undefined
  newer: ProducerBatch | undefined
  #barriers: FlushBarrier[] | undefined
  /**
   * The calls that have records here. Of each stretch of records: where it starts, and the number its first message has
   * in its call; the call knows which messages follow that one.
   */
  readonly #calls: SendCall[] = []
  readonly #callStarts: number[] = []
  readonly #firstIndexes: number[] = []
  /** The call of the last record, and its place there; undefined when nothing can be chained to it. */
  #lastCall: SendCall | undefined
  #lastIndex = -1
  /** Records with the same timestamp mostly stand together: the timestamps, and from which record on each counts. */
  readonly #timestamps: number[] = []
  readonly #timestampStarts: number[] = []
  #lastTimestamp = NaN
  #trackedCount = 0

  constructor(
    queue: PartitionQueue,
    slabBytes: number,
    createdAt: number,
    terms: BatchTerms,
    ratio: CompressionRatio,
    slabs?: SlabSource,
  ) {
    this.queue = queue
    this.terms = terms
    this.ratio = ratio
    this.builder = new RecordBatchBuilder(slabBytes, slabs)
    this.createdAt = createdAt
    this.reservedBytes = this.builder.capacity
  }

  get recordCount(): number {
    return this.builder.count
  }

  /** Whether the last record belongs to `call`. */
  endsWith(call: SendCall): boolean {
    return this.#lastCall === call
  }

  /** Notes whose record was just appended. */
  track(call: SendCall, messageIndex: number, timestamp: number): void {
    if (call === this.#lastCall) call.chain(this.#lastIndex, messageIndex)
    else {
      this.#lastCall = call
      this.#calls.push(call)
      this.#callStarts.push(this.#trackedCount)
      this.#firstIndexes.push(messageIndex)
    }
    if (timestamp !== this.#lastTimestamp) {
      this.#timestamps.push(timestamp)
      this.#timestampStarts.push(this.#trackedCount)
      this.#lastTimestamp = timestamp
    }
    this.#lastIndex = messageIndex
    this.#trackedCount++
  }

  /** Forgets the records from `recordCount` on, with which a stretch begins; the builder was truncated to as many. */
  untrack(recordCount: number): void {
    while (this.#callStarts.length > 0 && (this.#callStarts.at(-1) as number) >= recordCount) {
      this.#callStarts.pop()
      this.#firstIndexes.pop()
      this.#calls.pop()
    }
    while (this.#timestampStarts.length > 0 && (this.#timestampStarts.at(-1) as number) >= recordCount) {
      this.#timestampStarts.pop()
      this.#timestamps.pop()
    }
    this.#lastCall = undefined
    this.#lastTimestamp = this.#timestamps.at(-1) ?? NaN
    this.#trackedCount = recordCount
  }

  /** Makes `to` responsible for the records from `start` to `end` of this batch. */
  handOver(to: ProducerBatch, start: number, end: number): void {
    this.#forEachRecord((call, messageIndex, record, timestamp) => {
      if (record >= start && record < end) to.track(call, messageIndex, timestamp)
    })
  }

  /**
   * All records are in the log from `baseOffset` on; -1n when it is not known where.
   * @param logAppendTimeMs replaces the records' timestamps unless it is -1 (P21)
   */
  succeed(baseOffset: bigint, logAppendTimeMs: number): void {
    const { topic, partition } = this.queue
    const calls = this.#calls
    const changes = this.#timestampStarts
    const isKnown = baseOffset >= 0n
    let offset = isKnown ? baseOffset : -1n
    let timestamp = logAppendTimeMs
    let record = 0
    let change = 0
    let nextChange = logAppendTimeMs >= 0 ? -1 : 0
    for (let c = 0; c < calls.length; c++) {
      const call = calls[c] as SendCall
      const end = this.#callStarts[c + 1] ?? this.#trackedCount
      let index = this.#firstIndexes[c] as number
      for (; record < end; record++) {
        if (record === nextChange) {
          timestamp = this.#timestamps[change++] as number
          nextChange = changes[change] ?? -1
        }
        const next = call.nextOf(index)
        call.succeed(index, { topic, partition, offset, timestamp })
        // Twice as quick as making a bigint of a number; offsets have 64 bits.
        if (isKnown) offset = BigInt.asIntN(64, offset + 1n)
        index = next
      }
    }
    this.#finish()
  }

  /** No record is delivered, or it is not known. */
  fail(errorOf: ErrorOfRecord): void {
    this.#forEachRecord((call, messageIndex, record) => call.fail(messageIndex, errorOf(record)))
    this.#finish()
  }

  /** The only request that carried the batch was answered, so that nobody reads its bytes any more. */
  recycle(): void {
    this.sealed = undefined
    this.builder.recycle()
  }

  /** Lets a flush know when this batch is done. */
  addBarrier(barrier: FlushBarrier): void {
    ;(this.#barriers ??= []).push(barrier)
  }

  /** What waits for this batch, taken away from it: its parts are waited for instead. */
  takeBarriers(): readonly FlushBarrier[] {
    const barriers = this.#barriers ?? []
    this.#barriers = undefined
    return barriers
  }

  #finish(): void {
    this.stage = 'done'
    for (const barrier of this.takeBarriers()) barrier.arrive()
  }

  #forEachRecord(
    visit: (call: SendCall, messageIndex: number, record: number, timestamp: number) => void,
  ): void {
    const calls = this.#calls
    let record = 0
    let change = 0
    for (let c = 0; c < calls.length; c++) {
      const call = calls[c] as SendCall
      const end = this.#callStarts[c + 1] ?? this.#trackedCount
      let index = this.#firstIndexes[c] as number
      for (; record < end; record++) {
        if (this.#timestampStarts[change + 1] === record) change++
        const next = call.nextOf(index)
        visit(call, index, record, this.#timestamps[change] as number)
        index = next
      }
    }
  }
}
