import type { KafkaError } from '../base/errors'
import { RecordBatchBuilder } from '../wire/records/record-batch-builder'
import type { CompressedRecords, SealedBatch } from '../wire/records/sealed-batch'
import type { BatchTerms } from './batch-terms'
import type { CompressionRatio } from './compression-ratios'
import type { Receipt } from './outgoing-message'
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
 * belongs to. Records are kept in parallel lists, because a million of them a second pass here.
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
  /** The calls that have records here, and for each the index of its first record of that stretch. */
  readonly #calls: SendCall[] = []
  readonly #callStarts: number[] = []
  /** By record: its place in its call, and its timestamp. */
  readonly #messageIndexes: number[] = []
  readonly #timestamps: number[] = []

  constructor(
    queue: PartitionQueue,
    slabBytes: number,
    createdAt: number,
    terms: BatchTerms,
    ratio: CompressionRatio,
  ) {
    this.queue = queue
    this.terms = terms
    this.ratio = ratio
    this.builder = new RecordBatchBuilder(slabBytes)
    this.createdAt = createdAt
    this.reservedBytes = this.builder.capacity
  }

  get recordCount(): number {
    return this.builder.count
  }

  /** Whether the last record belongs to `call`. */
  endsWith(call: SendCall): boolean {
    return this.#calls[this.#calls.length - 1] === call
  }

  /** Notes whose record was just appended. */
  track(call: SendCall, messageIndex: number, timestamp: number): void {
    const calls = this.#calls
    if (calls[calls.length - 1] !== call) {
      calls.push(call)
      this.#callStarts.push(this.#messageIndexes.length)
    }
    this.#messageIndexes.push(messageIndex)
    this.#timestamps.push(timestamp)
  }

  /** Forgets the records from `recordCount` on; the builder was truncated to as many. */
  untrack(recordCount: number): void {
    this.#messageIndexes.length = recordCount
    this.#timestamps.length = recordCount
    while (this.#callStarts.length > 0 && (this.#callStarts.at(-1) as number) >= recordCount) {
      this.#callStarts.pop()
      this.#calls.pop()
    }
  }

  /** Makes `to` responsible for the records from `start` to `end` of this batch. */
  handOver(to: ProducerBatch, start: number, end: number): void {
    this.#forEachRecord(
      (call, messageIndex, record) => to.track(call, messageIndex, this.#timestamps[record] as number),
      start,
      end,
    )
  }

  /**
   * All records are in the log from `baseOffset` on; -1n when it is not known where.
   * @param logAppendTimeMs replaces the records' timestamps unless it is -1 (P21)
   */
  succeed(baseOffset: bigint, logAppendTimeMs: number): void {
    const { topic, partition } = this.queue
    const calls = this.#calls
    const messageIndexes = this.#messageIndexes
    const timestamps = this.#timestamps
    const firstOffset = Number(baseOffset)
    const exact = Number.isSafeInteger(firstOffset + messageIndexes.length)
    let record = 0
    for (let c = 0; c < calls.length; c++) {
      const call = calls[c] as SendCall
      const end = this.#callStarts[c + 1] ?? messageIndexes.length
      for (; record < end; record++) {
        const receipt: Receipt = {
          topic,
          partition,
          offset: firstOffset < 0 ? -1n : exact ? BigInt(firstOffset + record) : baseOffset + BigInt(record),
          timestamp: logAppendTimeMs >= 0 ? logAppendTimeMs : (timestamps[record] as number),
        }
        call.succeed(messageIndexes[record] as number, receipt)
      }
    }
    this.#finish()
  }

  /** No record is delivered, or it is not known. */
  fail(errorOf: ErrorOfRecord): void {
    this.#forEachRecord((call, messageIndex, record) => call.fail(messageIndex, errorOf(record)))
    this.#finish()
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
    visit: (call: SendCall, messageIndex: number, record: number) => void,
    start = 0,
    end = this.#messageIndexes.length,
  ): void {
    for (let c = 0; c < this.#calls.length; c++) {
      const call = this.#calls[c] as SendCall
      const callEnd = Math.min(this.#callStarts[c + 1] ?? this.#messageIndexes.length, end)
      for (let record = Math.max(this.#callStarts[c] as number, start); record < callEnd; record++) {
        visit(call, this.#messageIndexes[record] as number, record)
      }
    }
  }
}
