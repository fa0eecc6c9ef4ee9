import { DecodeError } from '../base/errors'
import type { Logger } from '../base/logger'
import { formatTopicPartition } from '../base/topic-partition'
import type { MemoryBudget } from '../message/memory-budget'
import type { MessageSource } from '../message/message'
import type { Codecs } from '../wire/records/compression/codecs'
import { openRecordsAsync } from '../wire/records/open-records'
import type { RecordBatch } from '../wire/records/record-batch'
import { RecordBatchReader } from '../wire/records/record-batch-reader'
import type { RecordCursor } from '../wire/records/record-cursor'
import { acknowledgeCode, type AcknowledgeCode } from './acknowledge-type'
import type { AcquiredRecords, AcquiredRun } from './acquired-records'
import { type AcknowledgementRules, ShareMessage } from './share-message'

/** Messages made at a time. */
const sliceLength = 256

/**
 * - `ready`: `next` gives a message
 * - `done`: nothing is left
 * - `pending`: a large batch is being decompressed; `onReady` is called when it is done
 */
export type ShareReaderStatus = 'ready' | 'done' | 'pending'

export interface ShareRecordReaderOptions {
  readonly memory: MemoryBudget
  readonly logger: Logger
  readonly checkCrcs: boolean
  /** Default: the built-in ones. */
  readonly codecs?: Codecs | undefined
  readonly rules: AcknowledgementRules
  readonly onReady: () => void
}

/**
 * Turns acquired records into messages when their turn comes. Acquired offsets without a message are acknowledged here:
 * as gaps where there is none in the log (S2), rejected where a batch is corrupt, released where the broker sent no bytes.
 * Owns the memory of its bytes.
 *
 *     acquired  │ 3 … 7 │   │ 9 … 12 │        the pointer passes over both together
 *     batches   │ 3 4 . 6 7 8 │ 9 10 11 12 │      (5 is a gap, 8 is another member's)
 */
export class ShareRecordReader {
  readonly records: AcquiredRecords
  readonly #options: ShareRecordReaderOptions
  readonly #batches: RecordBatchReader
  /** What is counted as memory: the fetched bytes, and what was decompressed. */
  #heldBytes: number
  #slice: ShareMessage[] = []
  #index = 0
  #runIndex = 0
  /** The next acquired offset of which nothing is known. */
  #pointer: number
  #cursor: RecordCursor | undefined
  #batch: RecordBatch | undefined
  #source: MessageSource | undefined
  /** Of the open batch: from its offsets to those counted from the base of the acquired ones. */
  #shift = 0
  /** Of a record of the open batch, on average. */
  #bytesPerRecord = 0
  /** Bytes of the messages that were made, less those that `takeBytes` has told. */
  #untoldBytes = 0
  #isOpening = false
  #isDone = false

  constructor(records: AcquiredRecords, bytes: Buffer, options: ShareRecordReaderOptions) {
    this.records = records
    this.#options = options
    this.#batches = new RecordBatchReader(bytes)
    this.#heldBytes = bytes.length
    options.memory.add(bytes.length)
    this.#pointer = records.runs[0]?.first ?? 0
  }

  /** Makes the next messages, as far as they can be had without waiting. */
  prepare(): ShareReaderStatus {
    if (this.#index < this.#slice.length) return 'ready'
    if (this.#isDone || this.records.loss !== undefined) {
      this.close()
      return 'done'
    }
    if (this.#isOpening) return 'pending'
    this.#slice = []
    this.#index = 0
    while (this.#slice.length < sliceLength && !this.#isDone && !this.#isOpening) {
      if (this.#cursor === undefined) this.#openNext()
      else {
        const before = this.#slice.length
        this.#fill(this.#cursor)
        this.#untoldBytes += (this.#slice.length - before) * this.#bytesPerRecord
      }
    }
    if (this.#slice.length > 0) return 'ready'
    return this.#isDone ? 'done' : 'pending'
  }

  /** The next message of those that `prepare` made; undefined after the last of them. */
  next(): ShareMessage | undefined {
    const message = this.#slice[this.#index]
    if (message !== undefined) this.#index++
    return message
  }

  /** Bytes of the messages made since it was asked last: their part of their batches, decompressed. */
  takeBytes(): number {
    const bytes = Math.round(this.#untoldBytes)
    this.#untoldBytes -= bytes
    return bytes
  }

  /** Nothing of it is handed out any more; gives the memory back. */
  close(): void {
    this.#isDone = true
    this.#slice = []
    this.#index = 0
    this.#cursor = this.#batch = this.#source = undefined
    const bytes = this.#heldBytes
    this.#heldBytes = 0
    this.#options.memory.release(bytes)
  }

  #openNext(): void {
    let batch: RecordBatch | undefined
    try {
      batch = this.#batches.next()
    } catch (error) {
      this.#noteDamage(error)
    }
    if (batch === undefined || this.#run === undefined) return this.#finish()
    if (batch.isControl || this.#positionAfter(batch) <= this.#pointer) {
      return this.#passTo(this.#positionAfter(batch), acknowledgeCode.gap)
    }
    try {
      if (this.#options.checkCrcs) batch.verifyChecksum()
      const opened = openRecordsAsync(batch, {
        maxBytes: this.#options.memory.limitBytes,
        codecs: this.#options.codecs,
      })
      if (opened instanceof Promise) this.#waitFor(batch, opened)
      else this.#begin(batch, opened)
    } catch (error) {
      this.#reject(batch, error)
    }
  }

  #waitFor(batch: RecordBatch, opened: Promise<RecordCursor>): void {
    this.#isOpening = true
    const end = (act: () => void) => {
      this.#isOpening = false
      if (this.#isDone) return
      act()
      this.#options.onReady()
    }
    opened.then(
      (cursor) => end(() => this.#begin(batch, cursor)),
      (error: unknown) => end(() => this.#reject(batch, error)),
    )
  }

  #begin(batch: RecordBatch, cursor: RecordCursor): void {
    if (batch.compressionType !== 0) {
      this.#heldBytes += cursor.buffer.length
      this.#options.memory.add(cursor.buffer.length)
    }
    const openBytes = batch.compressionType === 0 ? batch.sizeInBytes : cursor.buffer.length
    this.#bytesPerRecord = openBytes / Math.max(1, cursor.count)
    const { definition, partition } = this.records.partition
    this.#batch = batch
    this.#cursor = cursor
    this.#shift = Number(cursor.baseOffset - this.records.baseOffset)
    this.#source = {
      topic: definition,
      partition,
      buffer: cursor.buffer,
      baseOffset: cursor.baseOffset,
      baseTimestamp: batch.baseTimestamp,
      timestampType: batch.isLogAppendTime ? 'append' : 'create',
      leaderEpoch: batch.partitionLeaderEpoch,
    }
  }

  /** Adds messages of the open batch to the slice. */
  #fill(cursor: RecordCursor): void {
    const batch = this.#batch as RecordBatch
    const source = this.#source as MessageSource
    try {
      while (this.#slice.length < sliceLength) {
        if (!cursor.next()) {
          this.#endBatch()
          return this.#passTo(this.#positionAfter(batch), acknowledgeCode.gap)
        }
        const position = this.#shift + cursor.offsetDelta
        if (position < this.#pointer) continue
        this.#passTo(position, acknowledgeCode.gap)
        const run = this.#run
        if (run === undefined || this.#pointer !== position) continue
        this.#slice.push(
          new ShareMessage(source, cursor, this.records, position, run.deliveryCount, this.#options.rules),
        )
        this.#moveTo(position + 1)
      }
    } catch (error) {
      this.#reject(batch, error)
    }
  }

  #endBatch(): void {
    this.#cursor = this.#batch = this.#source = undefined
  }

  /** Nobody can read these messages, now or later (S2). */
  #reject(batch: RecordBatch, error: unknown): void {
    this.#endBatch()
    this.#noteDamage(error)
    this.#passTo(this.#positionAfter(batch), acknowledgeCode.reject)
  }

  #noteDamage(error: unknown): void {
    if (!(error instanceof DecodeError)) throw error
    this.#options.logger.error('Fetched records are corrupt and are passed over', {
      partition: formatTopicPartition(this.records.partition),
      offset: this.records.offsetOf(this.#pointer),
      reason: error.message,
    })
  }

  /** What the bytes do not reach is left to the next delivery. */
  #finish(): void {
    this.#passTo(Infinity, acknowledgeCode.release)
    this.#isDone = true
    // The slice is still to be handed out; its bytes count until then.
    if (this.#slice.length === 0) this.close()
  }

  get #run(): AcquiredRun | undefined {
    return this.records.runs[this.#runIndex]
  }

  #positionAfter(batch: RecordBatch): number {
    return Number(batch.nextOffset - this.records.baseOffset)
  }

  /** Says it of the acquired offsets from the pointer up to the position. */
  #passTo(position: number, code: AcknowledgeCode): void {
    for (let run = this.#run; run !== undefined && this.#pointer < position; run = this.#run) {
      const last = Math.min(run.last, position - 1)
      this.records.acknowledgeRun(this.#pointer, last, code)
      this.#moveTo(last + 1)
    }
  }

  /** To the next acquired offset from there on. */
  #moveTo(position: number): void {
    const run = this.#run
    if (run !== undefined && position > run.last) {
      this.#runIndex++
      this.#pointer = this.#run?.first ?? position
    } else this.#pointer = position
  }
}
