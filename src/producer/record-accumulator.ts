import type { Clock } from '../base/clock'
import { ProduceError } from './produce-error'
import type { Serialized } from '../serde/serde'
import { type BatchMark, recordSizeUpperBound } from '../wire/records/record-batch-builder'
import type { RecordHeader } from '../wire/records/record-header'
import { sizeOfHeaders } from '../wire/records/record-header'
import { batchHeaderBytes } from '../wire/records/batch-layout'
import type { BatchTerms } from './batch-terms'
import type { BufferMemory } from './buffer-memory'
import { CompressionRatios } from './compression-ratios'
import type { UntypedMessage } from './outgoing-message'
import { partitionOfKey } from './partitioner'
import { choosePartition } from './partitioners/choose-partition'
import type { Partitioner } from './partitioners/partitioner'
import { ProducerBatch } from './producer-batch'
import type { PartitionQueue } from './partition-queue'
import type { ProducerTopic } from './producer-topic'
import {
  type AnyTopic,
  partitionOf,
  type PreparedMessage,
  requireMessage,
  serializeHeaders,
  serializeKey,
  serializeValue,
  timestampOf,
} from './record-serializer'
import type { SendCall } from './send-call'
import { SlabPool } from './slab-pool'

/** The record's fixed parts at their longest, and the room the builder wants to be free behind a record. */
const recordOverheadBytes = 21
const builderSlackBytes = 16
/** Bytes that one UTF-16 unit of text takes at most. */
const bytesPerCharacter = 3
/** The builder takes no smaller slab. */
const smallestSlabBytes = 256
/** A new batch's slab has about this size and doubles until it is full. */
const smallSlabBytes = 2048

/** Limits the accumulator keeps. */
export interface AccumulatorLimits {
  readonly batchSizeBytes: number
  readonly maxRequestSizeBytes: number
  readonly bufferMemoryBytes: number
  /** Messages with a key are spread like those without. */
  readonly partitionerIgnoreKeys: boolean
}

/** Who acts on what was appended. */
export interface AccumulatorListener {
  /** A batch was opened; its deadline runs. */
  onBatchOpened(batch: ProducerBatch): void
  /** An open batch was taken back, with all its records. */
  onBatchWithdrawn(batch: ProducerBatch): void
  /** Records were appended; `isFull` when a batch was closed by it. */
  onAppended(queue: PartitionQueue, isFull: boolean): void
}

/** What a call appended to one batch, to be taken back when a later message of the call turns out to be wrong. */
interface Undo {
  readonly batch: ProducerBatch
  /** Undefined: the batch was opened by this call. */
  readonly mark: BatchMark | undefined
}

/**
 * Writes messages into the open batches of their partitions, straight from what the serdes give: one pass, no object
 * and no buffer per message. A call with several messages is taken as a whole or not at all (except for what waits
 * for memory): it runs synchronously, so nothing is sent before its last message was serialized, and what was
 * appended can be taken back.
 */
export class RecordAccumulator {
  readonly #memory: BufferMemory
  readonly #clock: Clock
  readonly #listener: AccumulatorListener
  /** Undefined: the default, which needs no bytes but those that are written anyway. */
  readonly #partitioner: Partitioner | undefined
  readonly #ignoresKeys: boolean
  readonly #ratios: CompressionRatios
  readonly #maxRecordBatchBytes: number
  /** First slab of a batch: doubled some times it is exactly a full batch. */
  readonly #firstSlabBytes: number
  readonly #fullSlabBytes: number
  readonly #slabs: SlabPool
  #keyScratch = Buffer.allocUnsafeSlow(4096)
  /** What the last call with several messages appended, until it can no longer be taken back. */
  #undo: Undo[] | undefined
  #busy = false

  constructor(
    memory: BufferMemory,
    clock: Clock,
    limits: AccumulatorLimits,
    listener: AccumulatorListener,
    partitioner?: Partitioner,
  ) {
    this.#memory = memory
    this.#clock = clock
    this.#listener = listener
    this.#partitioner = partitioner
    this.#ignoresKeys = limits.partitionerIgnoreKeys
    this.#ratios = new CompressionRatios(limits)
    this.#maxRecordBatchBytes = limits.maxRequestSizeBytes
    this.#fullSlabBytes = Math.min(limits.batchSizeBytes, limits.maxRequestSizeBytes) + builderSlackBytes
    let first = this.#fullSlabBytes
    while (first > smallSlabBytes) first = Math.ceil(first / 2)
    this.#firstSlabBytes = Math.max(first, smallestSlabBytes)
    this.#slabs = new SlabPool(memory, this.#firstSlabBytes, limits.maxRequestSizeBytes)
  }

  /** A call is being appended right now: whoever comes in between (a serde that sends) has to wait for its end. */
  get isBusy(): boolean {
    return this.#busy
  }

  /**
   * Appends messages as they come from the caller until memory runs out; answers how many.
   * @throws SerializationError, InvalidArgumentError or ProduceError for a message that can't be sent; none is
   * appended then
   */
  appendAll(
    topic: ProducerTopic,
    definition: AnyTopic,
    messages: readonly unknown[],
    callTime: number,
    call: SendCall,
  ): number {
    this.#undo = messages.length > 1 ? [] : undefined
    this.#busy = true
    try {
      for (let i = 0; i < messages.length; i++) {
        if (!this.#appendMessage(topic, definition, messages[i], i, callTime, call)) return i
      }
      return messages.length
    } catch (error) {
      this.withdraw()
      throw error
    } finally {
      this.#busy = false
    }
  }

  /** Takes back what the last `appendAll` appended; only in the same synchronous run. */
  withdraw(): void {
    const undo = this.#undo ?? []
    for (let i = undo.length - 1; i >= 0; i--) {
      const { batch, mark } = undo[i] as Undo
      if (mark === undefined) {
        batch.queue.remove(batch)
        this.#memory.release(batch.reservedBytes)
        this.#listener.onBatchWithdrawn(batch)
      } else {
        batch.builder.truncate(mark)
        batch.untrack(mark.count)
        batch.stage = 'open'
      }
    }
    this.#undo = undefined
  }

  /**
   * Places messages that have to wait, so that a partitioner that fails takes the whole call back. Only once the
   * topic's metadata is there; the default partitioner chooses later.
   * @throws InvalidArgumentError of the partitioner
   */
  placeAll(
    topic: ProducerTopic,
    messages: readonly PreparedMessage[],
    firstIndex: number,
  ): readonly PreparedMessage[] {
    const partitioner = this.#partitioner
    if (partitioner === undefined) return messages
    const wasBusy = this.#busy
    this.#busy = true
    try {
      return messages.map((message, i) => {
        if (message.partition >= 0) return message
        const { key, value, headers } = message
        return {
          ...message,
          partition: this.#choose(partitioner, topic, key, value, headers, firstIndex + i),
        }
      })
    } finally {
      this.#busy = wasBusy
    }
  }

  /** Appends a message that had to wait; false when memory ran out again. */
  appendPrepared(topic: ProducerTopic, message: PreparedMessage, index: number, call: SendCall): boolean {
    this.#undo = undefined
    const { key, value, headers, partition, timestamp } = message
    return this.#append(topic, key, value, headers, partition, timestamp, index, call)
  }

  /** Bytes that a message takes in a batch of its own, at most. */
  static batchSizeOf(key: Serialized, value: Serialized, headers: readonly RecordHeader[] | null): number {
    return batchHeaderBytes + recordSizeUpperBound(lengthOf(key), lengthOf(value), headers)
  }

  /** Throws when the message is larger than a request, or the whole memory, may be. */
  requireSize(
    topic: string,
    index: number,
    message: Pick<PreparedMessage, 'key' | 'value' | 'headers'>,
  ): void {
    const size = RecordAccumulator.batchSizeOf(message.key, message.value, message.headers)
    if (size > this.#maxRecordBatchBytes) {
      throw tooLarge(topic, index, size, 'maxRequestSizeBytes', this.#maxRecordBatchBytes)
    }
    if (size + builderSlackBytes > this.#memory.limitBytes) {
      throw tooLarge(topic, index, size, 'bufferMemoryBytes', this.#memory.limitBytes)
    }
  }

  #appendMessage(
    topic: ProducerTopic,
    definition: AnyTopic,
    message: unknown,
    index: number,
    callTime: number,
    call: SendCall,
  ): boolean {
    requireMessage(topic.name, message, index)
    const { headers } = message as UntypedMessage
    return this.#append(
      topic,
      serializeKey(definition, message, index),
      serializeValue(definition, message, index),
      headers === undefined ? null : serializeHeaders(topic.name, headers, index),
      message.partition === undefined ? -1 : partitionOf(topic.name, message, index),
      message.timestamp === undefined ? callTime : timestampOf(topic.name, message, callTime, index),
      index,
      call,
    )
  }

  #append(
    topic: ProducerTopic,
    key: Serialized,
    value: Serialized,
    headers: readonly RecordHeader[] | null,
    wantedPartition: number,
    timestamp: number,
    index: number,
    call: SendCall,
  ): boolean {
    let bound =
      recordOverheadBytes +
      (typeof value === 'string' ? value.length * bytesPerCharacter : value === null ? 0 : value.length) +
      (typeof key === 'string' ? key.length * bytesPerCharacter : key === null ? 0 : key.length)
    if (headers !== null) bound += sizeOfHeaders(headers)
    if (
      bound + batchHeaderBytes > this.#maxRecordBatchBytes ||
      bound + batchHeaderBytes + builderSlackBytes > this.#memory.limitBytes
    ) {
      this.requireSize(topic.name, index, { key, value, headers })
    }

    const keyStart = 0
    let keyEnd = 0
    let keyBytes: Uint8Array | string | null = key
    let partition = wantedPartition
    if (partition < 0 && this.#partitioner !== undefined) {
      partition = this.#choose(this.#partitioner, topic, key, value, headers, index)
    }
    const isSticky = partition < 0 && (key === null || this.#ignoresKeys)
    if (isSticky) partition = topic.sticky.current(topic)
    if (typeof key === 'string') {
      if (partition < 0) {
        keyEnd = this.#writeKey(key)
        keyBytes = this.#keyScratch
        partition = partitionOfKey(this.#keyScratch, 0, keyEnd, topic.partitionCount)
      }
    } else if (key !== null) {
      keyEnd = key.length
      if (partition < 0) partition = partitionOfKey(key, 0, keyEnd, topic.partitionCount)
    }

    let queue = topic.queue(partition)
    let batch = this.#roomFor(queue, bound, call.terms)
    if (batch === undefined && isSticky && topic.sticky.isDue(bound)) {
      topic.sticky.leave()
      queue = topic.queue(topic.sticky.current(topic))
      batch = this.#roomFor(queue, bound, call.terms)
    }
    if (batch === undefined) {
      bound = recordSizeUpperBound(lengthOf(key), lengthOf(value), headers)
      batch = this.#makeRoom(queue, bound, call.terms)
      if (batch === undefined) return false
    }
    const { builder } = batch
    const before = builder.byteLength
    if (this.#undo !== undefined && !batch.endsWith(call)) this.#undo.push({ batch, mark: builder.mark() })
    builder.tryAppend(0x7fffffff, timestamp, keyBytes, keyStart, keyEnd, value, headers)
    batch.track(call, index, timestamp)
    if (builder.capacity !== batch.reservedBytes) this.#settleReservation(batch)
    const { fullBytes } = batch.ratio
    const isFull = builder.byteLength >= fullBytes
    if (isFull) batch.stage = 'closed'
    if (isSticky) topic.sticky.appended(builder.byteLength - before, isFull, fullBytes)
    this.#listener.onAppended(queue, isFull)
    return true
  }

  /** The open batch, if it has these terms and a record of up to `bound` bytes fits into its slab as it is. */
  #roomFor(queue: PartitionQueue, bound: number, terms: BatchTerms): ProducerBatch | undefined {
    const batch = queue.open
    if (batch === undefined || batch.terms !== terms) return undefined
    const end = batch.builder.byteLength + bound
    return end <= batch.ratio.fullBytes && end + builderSlackBytes <= batch.reservedBytes ? batch : undefined
  }

  /** A batch that takes a record of `size` bytes: the open one, grown if needed, or a new one; undefined without memory. */
  #makeRoom(queue: PartitionQueue, size: number, terms: BatchTerms): ProducerBatch | undefined {
    const open = queue.open
    if (open !== undefined) {
      const fits = open.terms === terms && open.builder.byteLength + size <= open.ratio.fullBytes
      if (fits && this.#grow(open, size)) return open
      open.stage = 'closed'
      this.#listener.onAppended(queue, true)
    }
    const needed = Math.max(batchHeaderBytes + size + builderSlackBytes, smallestSlabBytes)
    const ratio = this.#ratios.of(queue.topic, terms.codec)
    const likely = Math.min(queue.lastBatchBytes, ratio.fullBytes)
    const slabBytes = this.#reserveSlab(needed, likely)
    if (slabBytes === undefined) return undefined
    const batch = new ProducerBatch(queue, slabBytes, this.#clock.now(), terms, ratio, this.#slabs)
    queue.batches.push(batch)
    this.#undo?.push({ batch, mark: undefined })
    this.#listener.onBatchOpened(batch)
    return batch
  }

  /**
   * Memory for a new slab of `needed` bytes: as large as the partition's last batch while there is much of it, else with
   * room to fill up to a batch, or bare when memory is short.
   */
  #reserveSlab(needed: number, likely: number): number | undefined {
    if (likely > needed && this.#memory.usedBytes < this.#memory.availableBytes) {
      const grown = this.#doubled(likely + builderSlackBytes)
      if (this.#memory.tryReserve(grown)) return grown
    }
    const roomy = needed > this.#firstSlabBytes ? this.#slabFor(needed) : this.#firstSlabBytes
    if (this.#memory.tryReserve(roomy)) return roomy
    return this.#memory.tryReserve(needed) ? needed : undefined
  }

  /** Reserves what the slab will grow by; the builder doubles it, or takes just what is needed if that is more. */
  #grow(batch: ProducerBatch, size: number): boolean {
    const capacity = batch.reservedBytes
    const needed = batch.builder.byteLength + size + builderSlackBytes
    if (needed <= capacity) return true
    const more = Math.max(capacity * 2, needed) - capacity
    if (!this.#memory.tryReserve(more)) return false
    batch.reservedBytes += more
    return true
  }

  /** The first slab doubled until it is large enough, so that it ends as a full batch's; more for a larger record. */
  #slabFor(needed: number): number {
    return needed > this.#fullSlabBytes ? needed : this.#doubled(needed)
  }

  #doubled(needed: number): number {
    let size = this.#firstSlabBytes
    while (size < needed) size *= 2
    return size
  }

  /** Growth was reserved for the worst case; what the slab did not take goes back. */
  #settleReservation(batch: ProducerBatch): void {
    const spare = batch.reservedBytes - batch.builder.capacity
    batch.reservedBytes = batch.builder.capacity
    this.#memory.release(spare)
  }

  #choose(
    partitioner: Partitioner,
    topic: ProducerTopic,
    key: Serialized,
    value: Serialized,
    headers: readonly RecordHeader[] | null,
    index: number,
  ): number {
    const { name, partitions } = topic
    return choosePartition(partitioner, { topic: name, partitions, key, value, headers, index })
  }

  #writeKey(key: string): number {
    const length = key.length
    if (length * bytesPerCharacter > this.#keyScratch.length) {
      this.#keyScratch = Buffer.allocUnsafeSlow(length * bytesPerCharacter)
    }
    const scratch = this.#keyScratch
    if (length > 24) return scratch.write(key, 0)
    for (let i = 0; i < length; i++) {
      const code = key.charCodeAt(i)
      if (code > 0x7f) return scratch.write(key, 0)
      scratch[i] = code
    }
    return length
  }
}

function lengthOf(part: Serialized): number {
  return typeof part === 'string' ? Buffer.byteLength(part) : part === null ? -1 : part.length
}

function tooLarge(topic: string, index: number, size: number, option: string, limit: number): ProduceError {
  return new ProduceError(
    'MESSAGE_TOO_LARGE',
    `Message ${index} takes ${size} bytes; option '${option}' allows ${limit}`,
    { topic, maybeStored: false },
  )
}
