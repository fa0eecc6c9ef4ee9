import { DecodeError, KafkaError } from '../../base/errors'
import type { Codecs } from '../../wire/records/compression/codecs'
import { openRecordsAsync } from '../../wire/records/open-records'
import type { RecordBatch } from '../../wire/records/record-batch'
import type { RecordCursor } from '../../wire/records/record-cursor'
import type { FetchMemory } from '../fetch/fetch-memory'
import { FetchQueue } from '../fetch/fetch-queue'
import type { FetchedRecords } from '../fetch/fetched-frame'
import { type AnyTopic, Message, type MessageSource } from '../../message/message'
import { AbortedFilter } from './aborted-filter'

/** Messages made at a time: enough to amortise the step, few enough to die young. */
const defaultSliceLength = 256
/** Batches are merged into one slice until it holds so many bytes, */
const mergedBytes = 256 * 1024
/** or so many when a handler takes the slice as a whole: what an answer gives of one partition, by default. */
const mergedBytesOfWhole = 1024 * 1024

/**
 * - `ready`: `next` gives a message
 * - `empty`: nothing is fetched
 * - `pending`: a large batch is being decompressed; `onReady` is called when it is done
 * - `failed`: the bytes at the position are corrupt; see `failure`
 */
export type ReaderStatus = 'ready' | 'empty' | 'pending' | 'failed'

export interface PartitionReaderOptions {
  readonly topic: AnyTopic
  readonly partition: number
  readonly memory: FetchMemory
  readonly checkCrcs: boolean
  /** Default: the built-in ones. */
  readonly codecs?: Codecs | undefined
  readonly readCommitted: boolean
  /** Called when a pending batch is open, or need not be any more. */
  readonly onReady: () => void
  /** Messages were handed out; called once for many. Bytes are those of the batches that were opened for them. */
  readonly onHandedOut?: (messages: number, bytes: number) => void
}

/**
 * Turns the fetched bytes of one partition into messages when their turn comes, and owns the position: the offset of
 * the next message to hand out. It moves over control, empty, aborted and compacted batches (C8), and nothing below it
 * is ever handed out (C9).
 */
export class PartitionReader {
  readonly queue = new FetchQueue()
  readonly #options: PartitionReaderOptions
  #slice: Message[] = []
  #index = 0
  /** Where reading goes on after the slice. */
  #nextOffset = 0n
  #cursor: RecordCursor | undefined
  #batch: RecordBatch | undefined
  #source: MessageSource | undefined
  /** Decompressed bytes of the open batch, and of it and those before it that the slice still needs. */
  #openBytes = 0
  #decompressedBytes = 0
  #filter: AbortedFilter | undefined
  #filteredPart: FetchedRecords | undefined
  #failure: KafkaError | undefined
  #isOpening = false
  /** Fences a decompression that ends after the position was set anew. */
  #generation = 0
  /** Leader epoch of the batch last read, -1 when it is not known. */
  leaderEpoch = -1
  /** Time of the first record of the batch last read (ms since 1970); undefined before one was read. */
  lastTimestamp: number | undefined
  /** Time of the last message that is known to have been handed out (ms since 1970); undefined before. */
  #deliveredTimestamp: number | undefined
  /** Bytes of batches that were opened since `onHandedOut` was called. */
  #uncountedBytes = 0
  /** Reading ends here: neither this offset nor what lies behind it is handed out. Undefined: it goes on. */
  endOffset: bigint | undefined

  constructor(options: PartitionReaderOptions) {
    this.#options = options
  }

  /** Offset of the next message to hand out. */
  get position(): bigint {
    const next = this.#slice[this.#index]
    return next === undefined ? this.#nextOffset : next.offset
  }

  /** Time of the next message to hand out; undefined while none was made. */
  get nextTimestamp(): number | undefined {
    return this.#slice[this.#index]?.timestamp
  }

  /** Time of the last message that was handed out; undefined before the first. */
  get deliveredTimestamp(): number | undefined {
    return this.#slice[this.#index - 1]?.timestamp ?? this.#deliveredTimestamp
  }

  /** True when there is an end, and everything before it was handed out. */
  get isAtEnd(): boolean {
    return this.endOffset !== undefined && this.position >= this.endOffset
  }

  /** Why reading cannot go on from the position. */
  get failure(): KafkaError | undefined {
    return this.#failure
  }

  /** True when nothing is left of what was fetched. */
  get isDrained(): boolean {
    return (
      this.#index >= this.#slice.length &&
      this.queue.isEmpty &&
      this.#cursor === undefined &&
      !this.#isOpening &&
      this.#failure === undefined
    )
  }

  /** True while the rest of a batch that was decompressed waits for its turn. */
  get hasOpenBatch(): boolean {
    return this.#cursor !== undefined && this.#openBytes > 0
  }

  /** True while a batch is being decompressed; ends before `onReady` is called, or with a `reset`. */
  get isOpening(): boolean {
    return this.#isOpening
  }

  /** Drops what was fetched and goes on at `offset`. */
  reset(offset: bigint): void {
    this.#countHandedOut(this.#index)
    this.#generation++
    this.#slice = []
    this.#index = 0
    this.#isOpening = false
    this.#failure = undefined
    this.#filter = this.#filteredPart = undefined
    this.#endBatch()
    this.#releaseDecompressed()
    this.queue.clear()
    this.#nextOffset = offset
  }

  /**
   * Makes the next messages, up to `limit` or to where something must be waited for. Several small batches become one
   * slice.
   */
  prepare(limit = defaultSliceLength): ReaderStatus {
    if (this.#index < this.#slice.length) return 'ready'
    this.#releaseDecompressed()
    if (this.#failure !== undefined) return 'failed'
    if (this.#isOpening) return 'pending'
    const slice: Message[] = []
    this.#countHandedOut(this.#index)
    this.#index = 0
    let status: ReaderStatus = 'empty'
    const mostBytes = limit > defaultSliceLength ? mergedBytesOfWhole : mergedBytes
    try {
      for (let bytes = 0; slice.length < limit && bytes < mostBytes && !this.#hasPassedEnd();) {
        if (this.#cursor === undefined) {
          const opened = this.#openNext()
          if (opened !== 'opened') {
            status = opened
            break
          }
        }
        bytes += this.#openBytes === 0 ? (this.#batch as RecordBatch).sizeInBytes : this.#openBytes
        this.#fill(slice, limit)
      }
    } catch (error) {
      this.#fail(error, slice)
      status = 'failed'
    }
    if (this.#hasPassedEnd()) this.#cutAtEnd(slice)
    this.#slice = slice
    return slice.length > 0 ? 'ready' : status
  }

  #hasPassedEnd(): boolean {
    return this.endOffset !== undefined && this.#nextOffset >= this.endOffset
  }

  /** Reading stops exactly at the end, although the batch that it lies in was fetched as a whole. */
  #cutAtEnd(slice: Message[]): void {
    const end = this.endOffset as bigint
    while ((slice.at(-1)?.offset ?? -1n) >= end) slice.pop()
    this.#nextOffset = end
    this.#failure = undefined
    this.#endBatch()
    this.queue.clear()
  }

  /** Nothing is left in the log between the position and this offset. */
  skipTo(offset: bigint): void {
    if (this.isDrained && offset > this.#nextOffset) this.#nextOffset = offset
  }

  /** The next message of those that `prepare` made; undefined after the last of them. */
  next(): Message | undefined {
    const message = this.#slice[this.#index]
    if (message !== undefined) this.#index++
    return message
  }

  /** All messages that `prepare` made, at once, or the first `limit` of them. */
  takeSlice(limit = Infinity): Message[] {
    if (this.#index + limit < this.#slice.length) {
      const first = this.#slice.slice(this.#index, this.#index + limit)
      this.#index += limit
      return first
    }
    const slice = this.#index === 0 ? this.#slice : this.#slice.slice(this.#index)
    this.#countHandedOut(this.#slice.length)
    this.#slice = []
    this.#index = 0
    return slice
  }

  /**
   * The messages that were made are done with, if all of them were handed out: their memory is given back now, and not
   * only at the partition's next turn.
   */
  releaseHandedOut(): void {
    if (this.#index < this.#slice.length) return
    this.#countHandedOut(this.#index)
    this.#slice = []
    this.#index = 0
    this.#releaseDecompressed()
  }

  /** The last messages that were taken are to be handed out again; the position goes back to the first of them. */
  putBack(messages: readonly Message[]): void {
    this.#countHandedOut(this.#index)
    this.#slice = [...messages, ...this.#slice.slice(this.#index)]
    this.#index = 0
  }

  /** The first so many messages of the slice were handed out, and the slice is done with. */
  #countHandedOut(messages: number): void {
    if (messages === 0) return
    this.#deliveredTimestamp = this.#slice[messages - 1]?.timestamp
    this.#options.onHandedOut?.(messages, this.#uncountedBytes)
    this.#uncountedBytes = 0
  }

  /** Adds messages of the open batch to the slice. */
  #fill(slice: Message[], limit: number): void {
    const cursor = this.#cursor as RecordCursor
    const source = this.#source as MessageSource
    // A batch may start before the position: a seek or a commit can point into its middle.
    const firstDelta = Number(this.#nextOffset - cursor.baseOffset)
    while (slice.length < limit) {
      if (!cursor.next()) {
        this.#nextOffset = (this.#batch as RecordBatch).nextOffset
        this.#endBatch()
        return
      }
      if (cursor.offsetDelta >= firstDelta) slice.push(new Message(source, cursor))
    }
    this.#nextOffset = cursor.offset + 1n
  }

  #openNext(): 'opened' | 'empty' | 'pending' {
    for (;;) {
      const batch = this.queue.nextBatch()
      if (batch === undefined) return 'empty'
      if (batch.lastOffset < this.#nextOffset) {
        // Still told to the filter: a marker before the position may end a transaction.
        if (this.#options.readCommitted) this.#hides(batch)
        continue
      }
      if (this.#options.checkCrcs) batch.verifyChecksum()
      this.leaderEpoch = batch.partitionLeaderEpoch
      this.lastTimestamp =
        batch.isLogAppendTime || batch.hasDeleteHorizon ? batch.maxTimestamp : batch.baseTimestamp
      const isHidden = this.#options.readCommitted && this.#hides(batch)
      if (batch.isControl || isHidden || batch.recordsCount === 0) {
        this.#nextOffset = batch.nextOffset
        continue
      }
      const opened = openRecordsAsync(batch, {
        maxBytes: this.#options.memory.limitBytes,
        codecs: this.#options.codecs,
      })
      if (opened instanceof Promise) {
        this.#waitFor(batch, opened)
        return 'pending'
      }
      this.#begin(batch, opened)
      return 'opened'
    }
  }

  #hides(batch: RecordBatch): boolean {
    if (this.queue.head !== this.#filteredPart) {
      this.#filteredPart = this.queue.head
      this.#filter = new AbortedFilter(this.queue.abortedTransactions)
    }
    return this.#filter?.hides(batch) ?? false
  }

  #waitFor(batch: RecordBatch, opened: Promise<RecordCursor>): void {
    const generation = this.#generation
    this.#isOpening = true
    opened.then(
      (cursor) => {
        if (generation !== this.#generation) return this.#options.onReady()
        this.#isOpening = false
        this.#begin(batch, cursor)
        this.#options.onReady()
      },
      (error: unknown) => {
        if (generation !== this.#generation) return this.#options.onReady()
        this.#isOpening = false
        this.#fail(error)
        this.#options.onReady()
      },
    )
  }

  #begin(batch: RecordBatch, cursor: RecordCursor): void {
    if (batch.compressionType !== 0) {
      this.#openBytes = cursor.buffer.length
      this.#decompressedBytes += this.#openBytes
      this.#options.memory.addDecompressed(this.#openBytes)
    } else this.#openBytes = 0
    this.#uncountedBytes += this.#openBytes === 0 ? batch.sizeInBytes : this.#openBytes
    this.#batch = batch
    this.#cursor = cursor
    this.#source = {
      topic: this.#options.topic,
      partition: this.#options.partition,
      buffer: cursor.buffer,
      baseOffset: cursor.baseOffset,
      baseTimestamp: batch.baseTimestamp,
      timestampType: batch.isLogAppendTime ? 'append' : 'create',
      leaderEpoch: batch.partitionLeaderEpoch,
    }
  }

  #endBatch(): void {
    this.#cursor = this.#batch = this.#source = undefined
  }

  /** The bytes of batches that were read to their end, once their last messages were handed out too. */
  #releaseDecompressed(): void {
    this.#options.memory.releaseDecompressed(this.takeOverDecompressed())
  }

  /** So many bytes, of batches whose messages were all taken, are the caller's from now on, to be given back by him. */
  takeOverDecompressed(): number {
    const inUse = this.#cursor === undefined ? 0 : this.#openBytes
    const bytes = this.#decompressedBytes - inUse
    this.#decompressedBytes = inUse
    return bytes
  }

  #fail(error: unknown, slice: readonly Message[] = []): void {
    // What was read before the damage is handed out first; the position is behind it.
    const last = slice.at(-1)
    if (last !== undefined && last.offset >= this.#nextOffset) this.#nextOffset = last.offset + 1n
    const { topic, partition } = this.#options
    const context = { topic: topic.name, partition }
    const what = `Cannot read the records at offset ${this.#nextOffset}`
    this.#failure =
      error instanceof DecodeError
        ? new DecodeError(
            `${what}: ${error.message}. The partition stays there; seek past the damage to go on`,
            {
              ...context,
              cause: error,
            },
          )
        : KafkaError.from(error, what, context)
  }
}
