import { DecodeError } from '../../base/errors'
import { type ReceivedRecordHeader, readHeaders } from './record-header'

/** What a cursor needs to know of the batch whose records it reads. */
export interface RecordArea {
  /** Holds the uncompressed records in `[start, end)`. */
  readonly buffer: Buffer
  readonly start: number
  readonly end: number
  /** Offset that the records' deltas count from. */
  readonly baseOffset: bigint
  /** Timestamp that the records' deltas count from. */
  readonly baseTimestamp: number
  /** Given when the broker's append time replaces the records' own timestamps. */
  readonly logAppendTime?: number
  readonly count: number
}

/**
 * Reads the records of one batch one after another and puts where each part lies into its own fields, so that a
 * record costs no object:
 *
 *     while (cursor.next()) use(cursor.offsetDelta, cursor.buffer, cursor.valueStart, cursor.valueEnd)
 *
 * Every record is checked as a whole, headers included, before `next` answers true. A start of -1 stands for null.
 */
export class RecordCursor {
  readonly buffer: Buffer
  /** Offset of a record: `baseOffset` + `offsetDelta`. */
  readonly baseOffset: bigint
  /** Records the batch announces. */
  readonly count: number
  offsetDelta = 0
  /** Milliseconds since 1970; -1 for none. */
  timestamp = 0
  keyStart = -1
  keyEnd = -1
  valueStart = -1
  valueEnd = -1
  /** Where the first header starts, behind the count. */
  headersStart = 0
  headerCount = 0
  private position: number
  private read = 0
  private readonly end: number
  private readonly baseTimestamp: number
  private readonly logAppendTime: number | undefined

  constructor(area: RecordArea) {
    this.buffer = area.buffer
    this.baseOffset = area.baseOffset
    this.count = area.count
    this.position = area.start
    this.end = area.end
    this.baseTimestamp = area.baseTimestamp
    this.logAppendTime = area.logAppendTime
  }

  /** Records not yet read. */
  get remaining(): number {
    return this.count - this.read
  }

  /** Offset of the record at which the cursor stands. */
  get offset(): bigint {
    return this.baseOffset + BigInt(this.offsetDelta)
  }

  /** The current record's key as a view. */
  key(): Buffer | null {
    return this.keyStart < 0 ? null : this.buffer.subarray(this.keyStart, this.keyEnd)
  }

  /** The current record's value as a view. */
  value(): Buffer | null {
    return this.valueStart < 0 ? null : this.buffer.subarray(this.valueStart, this.valueEnd)
  }

  /** The current record's headers, in their order. */
  headers(): ReceivedRecordHeader[] {
    return readHeaders(this.buffer, this.headersStart, this.headerCount)
  }

  /** Moves to the next record; false after the last. Throws DecodeError when the bytes are no record. */
  next(): boolean {
    if (this.read >= this.count) {
      if (this.position !== this.end)
        throw this.error(`${this.end - this.position} bytes follow the last record`)
      return false
    }
    const length = this.varint()
    const recordEnd = this.position + length
    if (length < 0 || recordEnd > this.end) throw this.error(`a record of ${length} bytes does not fit`)
    this.position++
    const timestampDelta = this.varlong()
    this.timestamp =
      this.logAppendTime === undefined ? this.baseTimestamp + timestampDelta : this.logAppendTime
    this.offsetDelta = this.varint()

    const keyLength = this.varint()
    if (keyLength < 0) this.keyStart = this.keyEnd = -1
    else {
      this.keyStart = this.position
      this.keyEnd = this.position += keyLength
    }
    const valueLength = this.varint()
    if (valueLength < 0) this.valueStart = this.valueEnd = -1
    else {
      this.valueStart = this.position
      this.valueEnd = this.position += valueLength
    }
    const headerCount = this.varint()
    this.headersStart = this.position
    this.headerCount = headerCount
    if (headerCount !== 0) this.skipHeaders(headerCount, recordEnd)
    if (this.position !== recordEnd)
      throw this.error(`a record of ${length} bytes does not end where it says`)
    this.read++
    return true
  }

  private skipHeaders(count: number, recordEnd: number): void {
    if (count < 0) throw this.error(`${count} headers`)
    for (let i = 0; i < count; i++) {
      const keyLength = this.varint()
      if (keyLength < 0) throw this.error('a header without a key')
      this.position += keyLength
      const valueLength = this.varint()
      if (valueLength > 0) this.position += valueLength
      if (this.position > recordEnd) throw this.error('headers that reach past their record')
    }
  }

  private varint(): number {
    const bytes = this.buffer
    const end = this.end
    let at = this.position
    if (at >= end) throw this.error('a record is cut off')
    let byte = bytes[at++] as number
    let raw = byte & 0x7f
    for (let shift = 7; byte > 0x7f; shift += 7) {
      if (at >= end || shift > 28) throw this.error('a varint is cut off or longer than 5 bytes')
      byte = bytes[at++] as number
      raw |= (byte & 0x7f) << shift
    }
    this.position = at
    return (raw >>> 1) ^ -(raw & 1)
  }

  private varlong(): number {
    const bytes = this.buffer
    const at = this.position
    if (at < this.end) {
      const first = bytes[at] as number
      if (first < 0x80) {
        this.position = at + 1
        return (first >>> 1) ^ -(first & 1)
      }
    }
    return this.longVarlong()
  }

  private longVarlong(): number {
    let low = 0
    let high = 0
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.position >= this.end) throw this.error('a record is cut off')
      const byte = this.buffer[this.position++] as number
      const bits = byte & 0x7f
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high = bits >>> 4
      } else high |= bits << (shift - 32)
      if (byte < 0x80) {
        const sign = -(low & 1)
        const lowHalf = (((low >>> 1) | (high << 31)) ^ sign) >>> 0
        return ((high >>> 1) ^ sign) * 0x100000000 + lowHalf
      }
    }
    throw this.error('a varlong is longer than 10 bytes')
  }

  private error(what: string): DecodeError {
    return new DecodeError(
      `Malformed record ${this.read + 1} of ${this.count} at offset ${this.position} of its bytes: ${what}`,
    )
  }
}
