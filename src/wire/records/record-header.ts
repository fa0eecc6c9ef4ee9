import { DecodeError } from '../../base/errors'
import { sizeOfVarint, writeVarint } from './varint'

/** A header as it is written. Keys may repeat; their order is kept. Text becomes UTF-8. */
export interface RecordHeader {
  readonly key: string
  readonly value: Uint8Array | string | null
}

/** A header as it was read; `value` is a view on the batch's bytes. */
export interface ReceivedRecordHeader {
  readonly key: string
  readonly value: Buffer | null
}

/** Bytes of the headers with their count, exact. */
export function sizeOfHeaders(headers: readonly RecordHeader[] | null): number {
  if (headers === null) return 1
  let size = sizeOfVarint(headers.length)
  for (const { key, value } of headers) {
    const keyLength = Buffer.byteLength(key)
    const valueLength =
      value === null ? -1 : typeof value === 'string' ? Buffer.byteLength(value) : value.length
    size += sizeOfVarint(keyLength) + keyLength + sizeOfVarint(valueLength) + Math.max(valueLength, 0)
  }
  return size
}

/** Writes the count and the headers; the room for them was found with `sizeOfHeaders`. */
export function writeHeaders(bytes: Buffer, offset: number, headers: readonly RecordHeader[]): number {
  let at = writeVarint(bytes, offset, headers.length)
  for (const { key, value } of headers) {
    at = writeText(bytes, at, key)
    if (value === null) at = writeVarint(bytes, at, -1)
    else if (typeof value === 'string') at = writeText(bytes, at, value)
    else {
      at = writeVarint(bytes, at, value.length)
      bytes.set(value, at)
      at += value.length
    }
  }
  return at
}

function writeText(bytes: Buffer, offset: number, text: string): number {
  const length = Buffer.byteLength(text)
  const at = writeVarint(bytes, offset, length)
  bytes.write(text, at, length)
  return at + length
}

/**
 * Reads `count` headers that start at `start`, in their order. RecordCursor has walked over them, so that bytes it
 * accepted never fail here.
 */
export function readHeaders(bytes: Buffer, start: number, count: number): ReceivedRecordHeader[] {
  const headers: ReceivedRecordHeader[] = []
  const position = { at: start }
  for (let i = 0; i < count; i++) {
    const keyStart = lengthAt(bytes, position)
    const key = bytes.toString('utf8', keyStart, position.at)
    const valueStart = lengthAt(bytes, position)
    headers.push({ key, value: valueStart < 0 ? null : bytes.subarray(valueStart, position.at) })
  }
  return headers
}

/** Reads a length, moves behind the bytes it announces and answers where they start; -1 for null. */
function lengthAt(bytes: Buffer, position: { at: number }): number {
  let raw = 0
  let shift = 0
  let byte: number
  do {
    if (position.at >= bytes.length || shift > 28) {
      throw new DecodeError(`Malformed record header at offset ${position.at}: its length is cut off`)
    }
    byte = bytes[position.at++] as number
    raw |= (byte & 0x7f) << shift
    shift += 7
  } while (byte > 0x7f)
  const length = (raw >>> 1) ^ -(raw & 1)
  if (length < 0) return -1
  const start = position.at
  if (length > bytes.length - start) {
    throw new DecodeError(`Malformed record header at offset ${start}: ${length} bytes are not there`)
  }
  position.at = start + length
  return start
}
