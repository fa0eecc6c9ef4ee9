import { DecodeError } from '../../base/errors'
import { formatUuid } from './uuid'

/** A tagged field this client does not know; kept so that a message can be written again unchanged. */
export interface TaggedField {
  readonly tag: number
  readonly data: Buffer
}

/**
 * Reads Kafka's primitive types from one contiguous buffer, in place. Every read checks what is left first, so
 * that no input ends in anything but a value or a DecodeError, and no length is trusted before it is compared
 * with the bytes that are there.
 *
 * Bytes and records come back as views on the buffer: they keep the whole response alive.
 */
export class Reader {
  readonly buffer: Buffer
  offset: number
  readonly end: number

  constructor(buffer: Buffer, offset = 0, end = buffer.length) {
    this.buffer = buffer
    this.offset = offset
    this.end = end
  }

  remaining(): number {
    return this.end - this.offset
  }

  /** Moves past `length` bytes and gives the offset they start at. */
  take(length: number): number {
    const start = this.offset
    // Said this way round it also stops NaN.
    if (!(length >= 0 && length <= this.end - start)) this.#refuse(length)
    this.offset = start + length
    return start
  }

  skip(length: number): void {
    this.take(length)
  }

  error(what: string): DecodeError {
    return new DecodeError(`Malformed bytes at offset ${this.offset}: ${what}`)
  }

  #refuse(length: number): never {
    if (!(length >= 0)) throw this.error(`negative length ${length}`)
    throw this.error(`${length} bytes are needed, ${this.end - this.offset} are left`)
  }

  readBoolean(): boolean {
    return this.buffer[this.take(1)] !== 0
  }

  readInt8(): number {
    return ((this.buffer[this.take(1)] as number) << 24) >> 24
  }

  readInt16(): number {
    const at = this.take(2)
    const bytes = this.buffer
    return ((((bytes[at] as number) << 8) | (bytes[at + 1] as number)) << 16) >> 16
  }

  readUint16(): number {
    const at = this.take(2)
    const bytes = this.buffer
    return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
  }

  readInt32(): number {
    const at = this.take(4)
    const bytes = this.buffer
    return (
      ((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)
    )
  }

  readUint32(): number {
    return this.readInt32() >>> 0
  }

  readInt64(): bigint {
    return this.buffer.readBigInt64BE(this.take(8))
  }

  readFloat64(): number {
    return this.buffer.readDoubleBE(this.take(8))
  }

  /** The 22-character text form Kafka prints; 16 bytes on the wire. */
  readUuid(): string {
    return formatUuid(this.buffer, this.take(16))
  }

  readUnsignedVarint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.buffer[this.take(1)] as number
      if (shift === 28 && byte > 0x0f) throw this.error('varint is longer than 32 bits')
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
    throw this.error('varint is longer than 5 bytes')
  }

  /** Zigzag varint, used inside records. */
  readVarint(): number {
    const raw = this.readUnsignedVarint()
    return (raw >>> 1) ^ -(raw & 1)
  }

  /** An int16 length; -1 stands for null and is answered as -1. */
  #length16(): number {
    const length = this.readInt16()
    if (length < -1) throw this.error(`negative length ${length}`)
    return length
  }

  #length32(): number {
    const length = this.readInt32()
    if (length < -1) throw this.error(`negative length ${length}`)
    return length
  }

  /** A compact length is stored plus one; 0 stands for null and is answered as -1. */
  #lengthCompact(): number {
    return this.readUnsignedVarint() - 1
  }

  #notNull(length: number, what: string): number {
    if (length < 0) throw this.error(`null where a ${what} is required`)
    return length
  }

  #text(length: number): string {
    const at = this.take(length)
    return this.buffer.toString('utf8', at, at + length)
  }

  readString(): string {
    return this.#text(this.#notNull(this.#length16(), 'string'))
  }

  readNullableString(): string | null {
    const length = this.#length16()
    return length < 0 ? null : this.#text(length)
  }

  readCompactString(): string {
    return this.#text(this.#notNull(this.#compactStringLength(), 'string'))
  }

  readCompactNullableString(): string | null {
    const length = this.#compactStringLength()
    return length < 0 ? null : this.#text(length)
  }

  #compactStringLength(): number {
    const length = this.#lengthCompact()
    if (length > 0x7fff) throw this.error(`string of ${length} bytes is longer than 32767`)
    return length
  }

  #view(length: number): Buffer {
    const at = this.take(length)
    return this.buffer.subarray(at, at + length)
  }

  readBytes(): Buffer {
    return this.#view(this.#notNull(this.#length32(), 'byte string'))
  }

  readNullableBytes(): Buffer | null {
    const length = this.#length32()
    return length < 0 ? null : this.#view(length)
  }

  readCompactBytes(): Buffer {
    return this.#view(this.#notNull(this.#lengthCompact(), 'byte string'))
  }

  readCompactNullableBytes(): Buffer | null {
    const length = this.#lengthCompact()
    return length < 0 ? null : this.#view(length)
  }

  /** The count of an array that may be null, -1 for null. Each element takes a byte at least, which bounds it. */
  readNullableArrayLength(): number {
    return this.#boundedCount(this.#length32())
  }

  readArrayLength(): number {
    return this.#notNull(this.readNullableArrayLength(), 'array')
  }

  readCompactNullableArrayLength(): number {
    return this.#boundedCount(this.#lengthCompact())
  }

  readCompactArrayLength(): number {
    return this.#notNull(this.readCompactNullableArrayLength(), 'array')
  }

  #boundedCount(count: number): number {
    if (count > this.remaining()) {
      throw this.error(`array of ${count} elements does not fit into the ${this.remaining()} bytes left`)
    }
    return count
  }

  /** Throws unless every byte was read: trailing bytes mean that the two sides disagree about the layout. */
  expectEnd(): void {
    if (this.offset !== this.end) throw this.error(`${this.end - this.offset} bytes are left over`)
  }

  /**
   * Reads a tagged-field section. `known` is called with each tag, a reader that ends where the field ends, and
   * the message and version given here; it answers whether it took the field. The rest is returned, or undefined
   * when nothing is left. Message and version are passed through so that `known` need not be a closure.
   */
  readTaggedFields(known?: (tag: number, field: Reader) => boolean): TaggedField[] | undefined
  readTaggedFields<Message>(
    known: (tag: number, field: Reader, message: Message, version: number) => boolean,
    message: Message,
    version: number,
  ): TaggedField[] | undefined
  readTaggedFields<Message>(
    known?: (tag: number, field: Reader, message: Message, version: number) => boolean,
    message?: Message,
    version = -1,
  ): TaggedField[] | undefined {
    const count = this.readUnsignedVarint()
    if (count === 0) return undefined
    // Each field takes two bytes at least.
    if (count * 2 > this.remaining())
      throw this.error(`${count} tagged fields do not fit into ${this.remaining()} bytes`)
    let unknown: TaggedField[] | undefined
    let previous = -1
    for (let i = 0; i < count; i++) {
      const tag = this.readUnsignedVarint()
      if (tag <= previous) throw this.error(`tag ${tag} after tag ${previous}: tags must ascend`)
      previous = tag
      const size = this.readUnsignedVarint()
      const at = this.take(size)
      const field = new Reader(this.buffer, at, at + size)
      if (known?.(tag, field, message as Message, version)) field.expectEnd()
      else (unknown ??= []).push({ tag, data: this.buffer.subarray(at, at + size) })
    }
    return unknown
  }
}
