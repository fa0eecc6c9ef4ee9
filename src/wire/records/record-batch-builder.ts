import { InvalidArgumentError } from '../../base/errors'
import type { RecordCursor } from './record-cursor'
import { type RecordHeader, sizeOfHeaders, writeHeaders } from './record-header'
import { type SealOptions, SealedBatch } from './sealed-batch'
import { batchHeaderBytes } from './batch-layout'
import { sizeOfVarint, sizeOfVarlong, writeVarint, writeVarlong } from './varint'

/** What the length, the attributes, the timestamp and the offset of a record take at most. */
const maxRecordOverheadBytes = 21

const defaultInitialBytes = 1024
const smallestSlabBytes = 256
/** Up to this many characters, text is written before it is known whether each of them takes one byte. */
const guessedTextLength = 1024
/** Up to this many characters a loop of our own is quicker than the call into Node's UTF-8 writer. */
const loopedTextLength = 16
/** Up to this many bytes a loop is quicker than making a view and copying it. */
const loopedBytes = 32
/** Bytes of the longest character in UTF-8. */
const longestCharacter = 4

/**
 * Most bytes that a record takes in a batch.
 * @param keyLength bytes of the key, -1 for null
 * @param valueLength bytes of the value, -1 for null
 */
export function recordSizeUpperBound(
  keyLength: number,
  valueLength: number,
  headers: readonly RecordHeader[] | null = null,
): number {
  const keyBytes = sizeOfVarint(keyLength) + Math.max(keyLength, 0)
  const valueBytes = sizeOfVarint(valueLength) + Math.max(valueLength, 0)
  return maxRecordOverheadBytes + keyBytes + valueBytes + sizeOfHeaders(headers)
}

/** Where slabs come from, and go when they are not needed any more. */
export interface SlabSource {
  /** A slab of exactly so many bytes, with anything in it. */
  take(bytes: number): Buffer
  /** Nobody reads or writes the slab any more. */
  giveBack(slab: Buffer): void
}

const newSlabs: SlabSource = {
  take: (bytes) => Buffer.allocUnsafeSlow(bytes),
  giveBack() {},
}

const noSlab = Buffer.alloc(0)

/** A place in an open batch to come back to with `truncate`. */
export interface BatchMark {
  readonly count: number
  readonly byteLength: number
  readonly maxTimestamp: number
}

/**
 * Owns the open batch of one partition: a slab that doubles when it is full, in which every record is written once,
 * at the place from which it is sent.
 *
 *     [ 61 bytes of head room | record | record | … | free ]
 *                                              ^ byteLength
 *
 * The record loop works on numbers only. After `seal` the slab belongs to the sealed batch and takes no more records.
 */
export class RecordBatchBuilder {
  readonly #slabs: SlabSource
  #slab: Buffer
  #end = batchHeaderBytes
  #count = 0
  #baseTimestamp = -1
  #maxTimestamp = -1
  #lastOffsetDelta = -1
  #sealed = false

  /** @param slab a buffer to write in (it is used up from its start), or how many bytes to begin with. Default: 1024. */
  constructor(slab: Buffer | number = defaultInitialBytes, slabs: SlabSource = newSlabs) {
    this.#slabs = slabs
    this.#slab = typeof slab === 'number' ? slabs.take(Math.max(slab, smallestSlabBytes)) : slab
  }

  /** Records in the batch. */
  get count(): number {
    return this.#count
  }

  /** Bytes of the batch as it stands, uncompressed, its header included. */
  get byteLength(): number {
    return this.#end
  }

  /** Bytes that the slab holds in memory. */
  get capacity(): number {
    return this.#slab.length
  }

  /** Timestamp of the first record, -1 before there is one. */
  get baseTimestamp(): number {
    return this.#baseTimestamp
  }

  /** The highest timestamp, -1 before there is a record. */
  get maxTimestamp(): number {
    return this.#maxTimestamp
  }

  /** Offset of the last record, counted from the batch's first. */
  get lastOffsetDelta(): number {
    return this.#lastOffsetDelta
  }

  get isSealed(): boolean {
    return this.#sealed
  }

  /** The encoded records without the header: what a codec compresses. A view; valid until the next append. */
  get records(): Buffer {
    return this.#slab.subarray(batchHeaderBytes, this.#end)
  }

  /**
   * Adds a record at the end.
   * @param timestamp milliseconds since 1970, an integer
   * @param key text (written as UTF-8), bytes, or null
   */
  append(
    timestamp: number,
    key: Uint8Array | string | null,
    value: Uint8Array | string | null,
    headers: readonly RecordHeader[] | null = null,
  ): void {
    const keyEnd = key === null ? -1 : key.length
    this.#write(timestamp, this.#lastOffsetDelta + 1, key, 0, keyEnd, value, headers)
  }

  /**
   * Adds a record unless the batch would grow past `maxBytes` by it; answers whether it did. An empty batch takes a
   * record of any size.
   * @param keyStart with `keyEnd` the range of `key` that is the key; both are ignored for text and null
   */
  tryAppend(
    maxBytes: number,
    timestamp: number,
    key: Uint8Array | string | null,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array | string | null,
    headers: readonly RecordHeader[] | null,
  ): boolean {
    const end = this.#end
    const maxTimestamp = this.#maxTimestamp
    this.#write(timestamp, this.#lastOffsetDelta + 1, key, keyStart, keyEnd, value, headers)
    if (this.#end <= maxBytes || this.#count === 1) return true
    this.#end = end
    this.#maxTimestamp = maxTimestamp
    this.#count--
    this.#lastOffsetDelta--
    return false
  }

  /**
   * Adds a record at an offset of its own, as compaction leaves them; `offsetDelta` must lie past the last one. For
   * those who play a broker: a producer's batch has no gaps.
   */
  appendAt(
    offsetDelta: number,
    timestamp: number,
    key: Uint8Array | string | null,
    value: Uint8Array | string | null,
    headers: readonly RecordHeader[] | null = null,
  ): void {
    if (offsetDelta <= this.#lastOffsetDelta || offsetDelta > 0x7fffffff) {
      throw new InvalidArgumentError(
        `Offset delta ${offsetDelta} does not lie between the last one, ${this.#lastOffsetDelta}, and 2147483647`,
      )
    }
    const keyEnd = key === null ? -1 : key.length
    this.#write(timestamp, offsetDelta, key, 0, keyEnd, value, headers)
  }

  /** Copies the record at which a cursor stands, unless the batch would grow past `maxBytes` by it. */
  tryAppendFrom(cursor: RecordCursor, maxBytes: number): boolean {
    const key = cursor.keyStart < 0 ? null : cursor.buffer
    const headers = cursor.headerCount === 0 ? null : cursor.headers()
    return this.tryAppend(
      maxBytes,
      cursor.timestamp,
      key,
      cursor.keyStart,
      cursor.keyEnd,
      cursor.value(),
      headers,
    )
  }

  /** Where the batch ends now. */
  mark(): BatchMark {
    return { count: this.#count, byteLength: this.#end, maxTimestamp: this.#maxTimestamp }
  }

  /** Takes back the records appended, without gaps, since `mark`. */
  truncate(mark: BatchMark): void {
    if (this.#sealed) throw new InvalidArgumentError('A sealed batch gives no records back')
    this.#lastOffsetDelta -= this.#count - mark.count
    this.#count = mark.count
    this.#end = mark.byteLength
    this.#maxTimestamp = mark.maxTimestamp
    if (mark.count === 0) this.#baseTimestamp = -1
  }

  /**
   * Ends the batch: writes its header and computes its checksum. Without `compressed` records the batch is the slab
   * itself.
   */
  seal(options: SealOptions = {}): SealedBatch {
    this.#sealed = true
    return new SealedBatch(this, this.#slab.subarray(0, this.#end), options)
  }

  /** Gives the slab back; neither the builder nor what it was sealed to may be used afterwards. */
  recycle(): void {
    this.#sealed = true
    this.#slabs.giveBack(this.#slab)
    this.#slab = noSlab
  }

  #write(
    timestamp: number,
    offsetDelta: number,
    key: Uint8Array | string | null,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array | string | null,
    headers: readonly RecordHeader[] | null,
  ): void {
    if (this.#sealed) throw new InvalidArgumentError('A sealed batch takes no more records')
    const first = this.#count === 0
    const timestampDelta = first ? 0 : timestamp - this.#baseTimestamp
    const headersLength = headers === null ? 1 : sizeOfHeaders(headers)

    let keyLength = typeof key === 'string' ? guessLength(key) : key === null ? -1 : keyEnd - keyStart
    let valueLength = typeof value === 'string' ? guessLength(value) : value === null ? -1 : value.length
    const fixed = 1 + sizeOfVarlong(timestampDelta) + sizeOfVarint(offsetDelta) + headersLength
    for (;;) {
      const bodyLength =
        fixed +
        (keyLength < 0 ? 1 : sizeOfVarint(keyLength) + keyLength) +
        (valueLength < 0 ? 1 : sizeOfVarint(valueLength) + valueLength)
      this.#ensure(5 + bodyLength + longestCharacter)
      const slab = this.#slab
      let at = writeVarint(slab, this.#end, bodyLength)
      slab[at++] = 0
      at = writeVarlong(slab, at, timestampDelta)
      at = writeVarint(slab, at, offsetDelta)

      at = writeVarint(slab, at, keyLength)
      if (typeof key === 'string') {
        if (!writeText(slab, at, key, keyLength)) {
          keyLength = Buffer.byteLength(key)
          continue
        }
        at += keyLength
      } else if (key !== null) {
        copyBytes(key, keyStart, keyEnd, slab, at)
        at += keyLength
      }

      at = writeVarint(slab, at, valueLength)
      if (typeof value === 'string') {
        if (!writeText(slab, at, value, valueLength)) {
          valueLength = Buffer.byteLength(value)
          continue
        }
        at += valueLength
      } else if (value !== null) {
        copyBytes(value, 0, valueLength, slab, at)
        at += valueLength
      }

      if (headers === null) slab[at++] = 0
      else at = writeHeaders(slab, at, headers)
      this.#end = at
      break
    }
    if (first) {
      this.#baseTimestamp = timestamp
      this.#maxTimestamp = timestamp
    } else if (timestamp > this.#maxTimestamp) this.#maxTimestamp = timestamp
    this.#count++
    this.#lastOffsetDelta = offsetDelta
  }

  #ensure(more: number): void {
    const needed = this.#end + more
    if (needed <= this.#slab.length) return
    const grown = this.#slabs.take(Math.max(this.#slab.length * 2, needed))
    this.#slab.copy(grown, 0, 0, this.#end)
    this.#slabs.giveBack(this.#slab)
    this.#slab = grown
  }
}

/** The length that short text has if all of it is ASCII; `writeText` finds out. Exact for long text. */
function guessLength(text: string): number {
  return text.length <= guessedTextLength ? text.length : Buffer.byteLength(text)
}

/** Writes text for which `length` bytes were set aside; answers whether that was its length. */
function writeText(slab: Buffer, at: number, text: string, length: number): boolean {
  if (length !== text.length) return slab.write(text, at, length) === length
  if (length <= loopedTextLength) {
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code > 0x7f) return false
      slab[at + i] = code
    }
    return true
  }
  // With room for one more character, text that is not all ASCII always comes out longer than it was guessed.
  return slab.write(text, at, length + longestCharacter) === length
}

function copyBytes(source: Uint8Array, start: number, end: number, slab: Buffer, at: number): void {
  if (end - start <= loopedBytes) {
    for (let from = start, to = at; from < end; from++, to++) slab[to] = source[from] as number
  } else if (start === 0 && end === source.length) slab.set(source, at)
  else slab.set(source.subarray(start, end), at)
}
