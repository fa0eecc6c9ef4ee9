import type { RecordCursor } from '../../wire/records/record-cursor'
import { type ReceivedRecordHeader, sizeOfHeaders } from '../../wire/records/record-header'
import { sizeOfVarint, sizeOfVarlong, writeVarint, writeVarlong } from '../../wire/records/varint'

/** A record that is written again. */
export interface KeptRecord {
  readonly offsetDelta: number
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly ReceivedRecordHeader[]
}

/** The record at which a cursor stands; key and value are views. */
export function recordAt(cursor: RecordCursor): KeptRecord {
  return {
    offsetDelta: cursor.offsetDelta,
    timestamp: cursor.timestamp,
    key: cursor.key(),
    value: cursor.value(),
    headers: cursor.headerCount === 0 ? [] : cursor.headers(),
  }
}

/**
 * Records as they stand in a batch, uncompressed. Unlike a builder it takes any base for the timestamps: the base of
 * a batch with a delete horizon is no record's time (KIP-534).
 */
export function encodeRecords(records: readonly KeptRecord[], baseTimestamp: number): Buffer {
  const bodies = records.map((record) => bodyLength(record, baseTimestamp))
  let total = 0
  for (const length of bodies) total += sizeOfVarint(length) + length
  const bytes = Buffer.allocUnsafe(total)
  let at = 0
  records.forEach((record, index) => {
    at = writeVarint(bytes, at, bodies[index] as number)
    bytes[at++] = 0
    at = writeVarlong(bytes, at, record.timestamp - baseTimestamp)
    at = writeVarint(bytes, at, record.offsetDelta)
    at = writeField(bytes, at, record.key)
    at = writeField(bytes, at, record.value)
    at = writeVarint(bytes, at, record.headers.length)
    for (const { key, value } of record.headers) {
      at = writeField(bytes, at, Buffer.from(key))
      at = writeField(bytes, at, value)
    }
  })
  return bytes
}

function bodyLength(record: KeptRecord, baseTimestamp: number): number {
  return (
    1 +
    sizeOfVarlong(record.timestamp - baseTimestamp) +
    sizeOfVarint(record.offsetDelta) +
    sizeOfField(record.key) +
    sizeOfField(record.value) +
    sizeOfHeaders(record.headers)
  )
}

function sizeOfField(field: Buffer | null): number {
  return field === null ? sizeOfVarint(-1) : sizeOfVarint(field.length) + field.length
}

function writeField(bytes: Buffer, offset: number, field: Buffer | null): number {
  if (field === null) return writeVarint(bytes, offset, -1)
  const at = writeVarint(bytes, offset, field.length)
  bytes.set(field, at)
  return at + field.length
}
