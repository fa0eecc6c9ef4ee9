import { InvalidArgumentError } from '../../base/errors'
import type { TaggedField } from './reader'
import { writeUuidBytes } from './uuid'

/** Record bytes on their way out: one piece, or several that are sent one after another. */
export type RecordBytes = Uint8Array | readonly Uint8Array[]

/** Room for a request with one small message; buffers of this size come out of Node's pool. */
const initialSize = 512
/** Pieces from this size on are not copied but sent as they are. */
const chunkThreshold = 1024

const minInt64 = -0x8000000000000000n
const maxInt64 = 0x7fffffffffffffffn

function notAnInteger(value: unknown, expected: string): InvalidArgumentError {
  return new InvalidArgumentError(`${String(value)} is not ${expected}, which this field needs`)
}

/**
 * Writes Kafka's primitive types into a buffer that doubles when it is full. Large byte pieces (record batches)
 * are not copied: they become chunks of their own between the pieces of this buffer, ready for one gathered write.
 *
 *     [ size, header, body … ][ batch ][ … body … ][ batch ][ … ]
 *       own buffer              as given  own buffer  as given
 */
export class Writer {
  #buffer: Buffer
  #offset = 0
  /** Where the piece of the own buffer starts that is not yet among the chunks. */
  #pieceStart = 0
  #chunks: Uint8Array[] | undefined
  #chunkBytes = 0

  constructor(size = initialSize) {
    this.#buffer = Buffer.allocUnsafe(size)
  }

  /** Bytes written so far, chunks included. */
  get length(): number {
    return this.#chunkBytes + this.#offset - this.#pieceStart
  }

  #reserve(length: number): number {
    const start = this.#offset
    const needed = start + length
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, needed))
      this.#buffer.copy(grown, this.#pieceStart, this.#pieceStart, start)
      this.#buffer = grown
    }
    this.#offset = needed
    return start
  }

  writeBoolean(value: boolean): void {
    this.#byte(value ? 1 : 0)
  }

  #byte(value: number): void {
    // Reserve first: it may replace the buffer.
    const at = this.#reserve(1)
    this.#buffer[at] = value
  }

  // The checks catch what a caller without a type checker may pass: text, fractions, NaN, undefined, too large values.

  writeInt8(value: number): void {
    if ((value << 24) >> 24 !== value) throw notAnInteger(value, 'an 8-bit integer')
    this.#byte(value)
  }

  writeInt16(value: number): void {
    if ((value << 16) >> 16 !== value) throw notAnInteger(value, 'a 16-bit integer')
    this.#twoBytes(value)
  }

  writeUint16(value: number): void {
    if ((value & 0xffff) !== value) throw notAnInteger(value, 'an unsigned 16-bit integer')
    this.#twoBytes(value)
  }

  #twoBytes(value: number): void {
    const at = this.#reserve(2)
    this.#buffer[at] = value >> 8
    this.#buffer[at + 1] = value
  }

  writeInt32(value: number): void {
    if ((value | 0) !== value) throw notAnInteger(value, 'a 32-bit integer')
    this.#fourBytes(value)
  }

  writeUint32(value: number): void {
    if (value >>> 0 !== value) throw notAnInteger(value, 'an unsigned 32-bit integer')
    this.#fourBytes(value)
  }

  #fourBytes(value: number): void {
    const at = this.#reserve(4)
    const bytes = this.#buffer
    bytes[at] = value >> 24
    bytes[at + 1] = value >> 16
    bytes[at + 2] = value >> 8
    bytes[at + 3] = value
  }

  writeInt64(value: bigint): void {
    if (typeof value !== 'bigint' || value > maxInt64 || value < minInt64) {
      throw notAnInteger(value, 'a bigint of 64 bits')
    }
    const at = this.#reserve(8)
    this.#buffer.writeBigInt64BE(value, at)
  }

  writeFloat64(value: number): void {
    const at = this.#reserve(8)
    this.#buffer.writeDoubleBE(value, at)
  }

  writeUuid(text: string): void {
    const at = this.#reserve(16)
    writeUuidBytes(text, this.#buffer, at)
  }

  writeUnsignedVarint(value: number): void {
    let rest = value >>> 0
    while (rest > 0x7f) {
      this.#byte((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    this.#byte(rest)
  }

  /** Zigzag varint, used inside records. */
  writeVarint(value: number): void {
    this.writeUnsignedVarint((value << 1) ^ (value >> 31))
  }

  #text(value: string, length: number): void {
    const at = this.#reserve(length)
    this.#buffer.write(value, at, length)
  }

  #stringLength(value: string): number {
    if (typeof value !== 'string')
      throw new InvalidArgumentError(`${String(value)} is a ${typeof value}; this field needs a string`)
    const length = Buffer.byteLength(value)
    if (length > 0x7fff)
      throw new InvalidArgumentError(`A string of ${length} bytes is longer than Kafka's 32767`)
    return length
  }

  writeString(value: string): void {
    const length = this.#stringLength(value)
    this.writeInt16(length)
    this.#text(value, length)
  }

  writeNullableString(value: string | null): void {
    if (value === null) this.writeInt16(-1)
    else this.writeString(value)
  }

  writeCompactString(value: string): void {
    const length = this.#stringLength(value)
    this.writeUnsignedVarint(length + 1)
    this.#text(value, length)
  }

  writeCompactNullableString(value: string | null): void {
    if (value === null) this.writeUnsignedVarint(0)
    else this.writeCompactString(value)
  }

  /** Bytes without a length, copied. */
  writeRaw(value: Uint8Array): void {
    const at = this.#reserve(value.length)
    this.#buffer.set(value, at)
  }

  writeBytes(value: Uint8Array): void {
    this.writeInt32(value.length)
    this.writeRaw(value)
  }

  writeNullableBytes(value: Uint8Array | null): void {
    if (value === null) this.writeInt32(-1)
    else this.writeBytes(value)
  }

  writeCompactBytes(value: Uint8Array): void {
    this.writeUnsignedVarint(value.length + 1)
    this.writeRaw(value)
  }

  writeCompactNullableBytes(value: Uint8Array | null): void {
    if (value === null) this.writeUnsignedVarint(0)
    else this.writeCompactBytes(value)
  }

  writeNullableRecords(value: RecordBytes | null): void {
    if (value === null) return this.writeInt32(-1)
    this.writeInt32(recordBytesLength(value))
    this.#writeRecordBytes(value)
  }

  writeCompactNullableRecords(value: RecordBytes | null): void {
    if (value === null) return this.writeUnsignedVarint(0)
    this.writeUnsignedVarint(recordBytesLength(value) + 1)
    this.#writeRecordBytes(value)
  }

  #writeRecordBytes(value: RecordBytes): void {
    if (value instanceof Uint8Array) this.#writeChunk(value)
    else for (const piece of value) this.#writeChunk(piece)
  }

  #writeChunk(chunk: Uint8Array): void {
    if (chunk.length < chunkThreshold) return this.writeRaw(chunk)
    const chunks = (this.#chunks ??= [])
    if (this.#offset > this.#pieceStart) chunks.push(this.#buffer.subarray(this.#pieceStart, this.#offset))
    chunks.push(chunk)
    this.#chunkBytes += this.#offset - this.#pieceStart + chunk.length
    this.#pieceStart = this.#offset
  }

  /** An array's count, -1 for null. */
  writeArrayLength(count: number): void {
    this.writeInt32(count)
  }

  /** An array's count in flexible versions, -1 for null. */
  writeCompactArrayLength(count: number): void {
    this.writeUnsignedVarint(count + 1)
  }

  /**
   * Writes a tagged-field section: the known fields that are to be written, and the unknown ones that came with
   * the message, in the order of their tags.
   */
  writeTaggedFields(
    known: readonly TaggedField[] | undefined,
    unknown: readonly TaggedField[] | undefined,
  ): void {
    const all = known?.length ? (unknown?.length ? [...known, ...unknown] : known) : unknown
    if (!all?.length) return this.writeUnsignedVarint(0)
    const sorted = [...all].sort((a, b) => a.tag - b.tag)
    this.writeUnsignedVarint(sorted.length)
    let previous = -1
    for (const field of sorted) {
      if (field.tag === previous) {
        throw new InvalidArgumentError(
          `Tag ${field.tag} is given twice: a field that is known can't be among the unknown ones`,
        )
      }
      previous = field.tag
      this.writeUnsignedVarint(field.tag)
      this.writeUnsignedVarint(field.data.length)
      this.writeRaw(field.data)
    }
  }

  /** Everything written, in the pieces it is to be sent in. The writer must not be used afterwards. */
  finish(): Uint8Array[] {
    const rest = this.#buffer.subarray(this.#pieceStart, this.#offset)
    if (this.#chunks === undefined) return [rest]
    if (rest.length > 0) this.#chunks.push(rest)
    return this.#chunks
  }

  /** Everything written in one buffer; copies only when there are chunks. */
  toBuffer(): Buffer {
    const pieces = this.finish()
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)
  }
}

/** Bytes of a records field, whatever pieces it comes in. */
export function recordBytesLength(value: RecordBytes): number {
  if (value instanceof Uint8Array) return value.length
  let length = 0
  for (const piece of value) length += piece.length
  return length
}
