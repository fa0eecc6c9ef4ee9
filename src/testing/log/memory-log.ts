import { batchLayout } from '../../wire/records/batch-layout'
import { encodeTransactionMarker } from '../../wire/records/control-record'
import { encodeRecordBatch } from '../../wire/records/encode-record-batch'
import { InvalidArgumentError } from '../../base/errors'
import type { TransactionMarker } from '../contracts/partition'
import { fail } from '../contracts/kafka-failure'
import type { Runtime } from '../contracts/runtime'
import { validatedBatch } from './batch-validator'
import { compacted } from './compaction'
import { LeaderEpochs } from './leader-epochs'
import { findByTimestamp, findMaxTimestamp, firstBatchReaching, readBatches } from './log-reads'
import { MemoryBatch } from './memory-batch'
import type {
  AbortedTransaction,
  ActiveProducer,
  EpochEndOffset,
  LogAppend,
  LogConfig,
  LogRead,
  OffsetAndTimestamp,
  PartitionLog,
  ReadOptions,
  StorageBudget,
  StoredBatch,
} from '../contracts/partition-log'
import { checkMarker, checkProducerBatch } from './producer-rules'
import { ProducerStates } from './producer-states'
import { producedBatch } from './produced-records'
import { startAfterRetention } from './retention'
import { Segments } from './segments'
import { TransactionIndex } from './transaction-index'

/** What a log is made of. */
export interface MemoryLogOptions {
  readonly topic: string
  readonly partition: number
  /** Asked for each use, since configs change. */
  readonly config: () => LogConfig
  readonly runtime: Runtime
  /** Shared by all logs of the cluster. */
  readonly budget: StorageBudget
}

/** How often Kafka looks for producers that are gone (`producer.id.expiration.check.interval.ms`). */
const expirationCheckMs = 600_000

/**
 * The log of one replica, in memory. It owns the list of batches and all that follows from it: what is known of
 * producers and transactions, the epochs, the segments. Each change of the list goes through `#store`, `#replay` or
 * `advanceStart`, so that these never disagree. Leader and followers keep the same objects; only a leader judges what
 * it is given.
 *
 *     startOffset                                    endOffset
 *       | batch | batch | (compacted away) | batch |
 *       ^ #producersAtStart: the producers as of here
 */
export class MemoryLog implements PartitionLog {
  readonly #options: MemoryLogOptions
  readonly #topicPartition: string
  #batches: MemoryBatch[] = []
  #startOffset = 0n
  #endOffset = 0n
  #sizeInBytes = 0
  #producers = new ProducerStates()
  /** What the batches said that are no longer there: with the rest of them it makes up `#producers` again. */
  #producersAtStart = new ProducerStates()
  readonly #aborted = new TransactionIndex()
  readonly #epochs = new LeaderEpochs()
  readonly #segments: Segments
  #nextExpirationCheck: number

  constructor(options: MemoryLogOptions) {
    const { clock } = options.runtime
    this.#options = options
    this.#topicPartition = `${options.topic}-${options.partition}`
    this.#segments = new Segments(0n, clock.wallTime())
    this.#nextExpirationCheck = clock.now() + expirationCheckMs
  }

  get startOffset(): bigint {
    return this.#startOffset
  }

  get endOffset(): bigint {
    return this.#endOffset
  }

  get sizeInBytes(): number {
    return this.#sizeInBytes
  }

  get batches(): readonly StoredBatch[] {
    return this.#batches
  }

  get latestEpoch(): number {
    return this.#epochs.latest
  }

  get firstUnstableOffset(): bigint | undefined {
    const first = this.#producers.firstOpenOffset
    return first !== undefined && first < this.#startOffset ? this.#startOffset : first
  }

  lastStableOffset(highWatermark: bigint): bigint {
    this.#producers.noteReplicated(highWatermark)
    const stable = this.#producers.lastStableOffset(highWatermark)
    return stable < this.#startOffset ? this.#startOffset : stable
  }

  append(
    records: Buffer,
    leaderEpoch: number,
    produceVersion: number,
    origin: 'client' | 'coordinator' = 'client',
  ): LogAppend {
    const config = this.#options.config()
    const now = this.#options.runtime.clock.wallTime()
    const rules = { topicPartition: this.#topicPartition, config, now }
    const bytes = validatedBatch(producedBatch(records, produceVersion), rules, origin)
    const batch = this.#place(bytes, leaderEpoch, now)
    if (batch.producerId >= 0n) {
      const duplicate = this.#judge(batch, produceVersion, origin)
      if (duplicate !== undefined) return duplicate
    }
    return this.#appended(batch, config, now)
  }

  appendMarker(marker: TransactionMarker, leaderEpoch: number): LogAppend {
    const config = this.#options.config()
    const now = this.#options.runtime.clock.wallTime()
    const { producerId, producerEpoch } = marker
    checkMarker(this.#producers.get(producerId), marker, this.#nextPlace())
    const bytes = encodeRecordBatch({
      records: [{ timestamp: now, ...encodeTransactionMarker(marker.committed, marker.coordinatorEpoch) }],
      isTransactional: true,
      isControl: true,
      producerId,
      producerEpoch,
      ...(config.messageTimestampType === 'LogAppendTime' ? { logAppendTime: now } : {}),
    })
    return this.#appended(this.#place(bytes, leaderEpoch, now), config, now)
  }

  replicate(batches: readonly StoredBatch[]): void {
    const config = this.#options.config()
    const now = this.#options.runtime.clock.wallTime()
    for (const stored of batches) {
      const batch = MemoryBatch.of(stored)
      // The first batch may begin before the start of a log whose records were deleted up to the middle of it.
      if (
        batch.baseOffset <= (this.#batches.at(-1)?.lastOffset ?? -1n) ||
        batch.lastOffset < this.#endOffset
      ) {
        throw new InvalidArgumentError(
          `A batch of ${this.#topicPartition} that begins at offset ${batch.baseOffset} can't follow a log that ` +
            `ends at ${this.#endOffset}: truncate it first`,
        )
      }
      this.#store(batch, config, now)
    }
  }

  truncateTo(offset: bigint): void {
    if (offset >= this.#endOffset) return
    const kept = firstBatchReaching(this.#batches, offset)
    for (const batch of this.#batches.splice(kept)) this.#letGo(batch)
    this.#endOffset = offset
    if (offset < this.#startOffset) this.#startOffset = offset
    this.#epochs.truncateFromEnd(offset)
    this.#aborted.truncateFromEnd(offset)
    this.#replay()
    this.#resetSegments()
  }

  advanceStart(offset: bigint): void {
    if (offset <= this.#startOffset) return
    const gone = this.#batches.splice(0, firstBatchReaching(this.#batches, offset))
    for (const batch of gone) {
      this.#producersAtStart.apply(batch)
      this.#letGo(batch)
    }
    this.#producers.noteReplicated(offset)
    this.#producersAtStart.noteReplicated(offset)
    this.#startOffset = offset
    if (offset > this.#endOffset) this.#endOffset = offset
    this.#epochs.truncateFromStart(offset)
    this.#aborted.truncateFromStart(offset)
    this.#resetSegments()
  }

  read(options: ReadOptions): LogRead {
    return readBatches(this.#batches, options)
  }

  abortedTransactions(from: bigint, to: bigint): AbortedTransaction[] {
    return this.#aborted.overlapping(from, to)
  }

  offsetForTimestamp(timestamp: number, upTo: bigint): OffsetAndTimestamp | undefined {
    return before(upTo, findByTimestamp(this.#batches, timestamp, this.#startOffset))
  }

  maxTimestamp(upTo: bigint): OffsetAndTimestamp | undefined {
    return before(upTo, findMaxTimestamp(this.#batches))
  }

  endOffsetForEpoch(epoch: number): EpochEndOffset {
    return this.#epochs.endOffsetOf(epoch, this.#endOffset)
  }

  startEpoch(epoch: number): void {
    this.#epochs.assign(epoch, this.#endOffset)
  }

  activeProducers(): ActiveProducer[] {
    this.#expireProducers()
    return this.#producers.active()
  }

  applyRetention(now: number, upTo: bigint): boolean {
    this.#expireProducers()
    const start = startAfterRetention({
      batches: this.#batches,
      segmentBases: this.#segments.baseOffsets,
      endOffset: this.#endOffset,
      sizeInBytes: this.#sizeInBytes,
      highWatermark: upTo,
      now,
      config: this.#options.config(),
    })
    if (start === undefined || start <= this.#startOffset) return false
    this.advanceStart(start)
    return true
  }

  compact(now: number, upTo: bigint): void {
    this.#expireProducers()
    const config = this.#options.config()
    const end = this.#cleanableEnd(now, upTo, config)
    const { batches: after, emptied } = compacted({
      batches: this.#batches,
      upTo: end,
      now,
      deleteRetentionMs: config.deleteRetentionMs,
      producers: this.#producers,
      aborted: this.#aborted.overlapping(0n, end),
    })
    this.#batches = this.#batches.flatMap((batch, index) => this.#exchanged(batch, after[index]))
    this.#aborted.remove(emptied)
    this.#resetSegments()
  }

  /** Offset and epoch stand before what the checksum covers. */
  #place(bytes: Buffer, leaderEpoch: number, now: number): MemoryBatch {
    bytes.writeBigInt64BE(this.#endOffset, batchLayout.baseOffset)
    bytes.writeInt32BE(leaderEpoch, batchLayout.partitionLeaderEpoch)
    return new MemoryBatch(bytes, now)
  }

  /** Answers the batch of before when this one repeats it. */
  #judge(
    batch: MemoryBatch,
    produceVersion: number,
    origin: 'client' | 'coordinator',
  ): LogAppend | undefined {
    this.#expireProducers()
    const state = this.#producers.get(batch.producerId)
    const { producerEpoch, baseSequence, lastSequence } = batch
    const duplicate =
      origin === 'client' ? state?.findDuplicate(producerEpoch, baseSequence, lastSequence) : undefined
    if (duplicate !== undefined) {
      const { firstOffset: baseOffset, lastOffset, timestamp } = duplicate
      // Kafka gives the timestamp of the batch here, whatever the topic's timestamp type is.
      return { baseOffset, lastOffset, logAppendTime: timestamp, isDuplicate: true, stored: [] }
    }
    checkProducerBatch(state, batch, produceVersion, this.#nextPlace(), origin)
    return undefined
  }

  #nextPlace(): { readonly topicPartition: string; readonly offset: bigint } {
    return { topicPartition: this.#topicPartition, offset: this.#endOffset }
  }

  #appended(batch: MemoryBatch, config: LogConfig, now: number): LogAppend {
    this.#store(batch, config, now)
    const { baseOffset, lastOffset } = batch
    const logAppendTime = batch.isLogAppendTime ? batch.maxTimestamp : -1
    return { baseOffset, lastOffset, logAppendTime, isDuplicate: false, stored: [batch] }
  }

  #store(batch: MemoryBatch, config: LogConfig, now: number): void {
    if (!this.#hold(batch)) {
      throw fail('KAFKA_STORAGE_ERROR', `The broker's memory for records is full: ${this.#topicPartition}`)
    }
    this.#epochs.assign(batch.leaderEpoch, batch.baseOffset)
    this.#segments.append(batch, now, config)
    this.#batches.push(batch)
    this.#endOffset = batch.lastOffset + 1n
    const completed = this.#producers.apply(batch)
    if (completed !== undefined) this.#aborted.add(completed)
  }

  /** Takes part in a batch; the first log that does pays for its bytes. False when they don't fit. */
  #hold(batch: MemoryBatch): boolean {
    if (batch.holders === 0 && !this.#options.budget.reserve(batch.bytes.length, batch.isControl))
      return false
    batch.holders++
    this.#sizeInBytes += batch.bytes.length
    return true
  }

  #letGo(batch: MemoryBatch): void {
    this.#sizeInBytes -= batch.bytes.length
    if (--batch.holders === 0) this.#options.budget.release(batch.bytes.length)
  }

  /** Puts what is left of a batch in its place. The batch stays as it is while there is no memory for another. */
  #exchanged(batch: MemoryBatch, left: MemoryBatch | undefined): MemoryBatch[] {
    if (left === batch) return [batch]
    const after = left === undefined ? undefined : sharedResult(batch, left)
    if (after !== undefined && !this.#hold(after)) return [batch]
    this.#letGo(batch)
    return after === undefined ? [] : [after]
  }

  /** Kafka leaves the open transactions alone, and segments that are younger than the topic's lag. */
  #cleanableEnd(now: number, upTo: bigint, config: LogConfig): bigint {
    const unstable = this.#producers.lastStableOffset(upTo)
    if (config.minCompactionLagMs <= 0) return unstable
    const youngest = this.#batches.find((batch) => batch.maxTimestamp > now - config.minCompactionLagMs)
    if (youngest === undefined) return unstable
    const bases = this.#segments.baseOffsets.filter((base) => base <= youngest.baseOffset)
    const segmentBase = bases.at(-1) ?? this.#startOffset
    return segmentBase < unstable ? segmentBase : unstable
  }

  #replay(): void {
    this.#producers = this.#producersAtStart.clone()
    for (const batch of this.#batches) this.#producers.apply(batch)
  }

  #resetSegments(): void {
    const now = this.#options.runtime.clock.wallTime()
    this.#segments.reset(this.#batches, this.#startOffset, this.#endOffset, now)
  }

  #expireProducers(): void {
    const { clock } = this.#options.runtime
    if (clock.now() < this.#nextExpirationCheck) return
    this.#nextExpirationCheck = clock.now() + expirationCheckMs
    const { producerIdExpirationMs } = this.#options.config()
    this.#producers.expire(clock.wallTime(), producerIdExpirationMs)
    this.#producersAtStart.expire(clock.wallTime(), producerIdExpirationMs)
  }
}

function before(upTo: bigint, found: OffsetAndTimestamp | undefined): OffsetAndTimestamp | undefined {
  return found !== undefined && found.offset < upTo ? found : undefined
}

/** Replicas are compacted one by one, to the same bytes; they go on sharing them. */
function sharedResult(batch: MemoryBatch, left: MemoryBatch): MemoryBatch {
  const { compactedTo } = batch
  if (compactedTo !== undefined && compactedTo.bytes.equals(left.bytes)) return compactedTo
  batch.compactedTo = left
  return left
}
