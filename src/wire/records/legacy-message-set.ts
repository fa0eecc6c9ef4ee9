import { DecodeError } from '../../base/errors'
import { crc32 } from '../crc32c'
import { batchAttributes, batchLayout, batchLengthOverhead, readInt64Number } from './batch-layout'
import { RecordBatch } from './record-batch'
import { RecordBatchBuilder } from './record-batch-builder'
import type { RecordArea } from './record-cursor'

/**
 * The message formats before Kafka 0.11, for reading only. An entry is
 *
 *     0 offset  8 size  12 crc  16 magic  17 attributes  (18 timestamp, in magic 1)  key  value
 *
 * with int32 lengths before key and value. The value of a compressed entry is a whole set of entries. Such logs are
 * old and rare, so their records are rewritten in the layout of magic 2 when they are opened: one reader serves all.
 */

/** Bytes of the smallest message: no key, no value, no timestamp. */
export const smallestLegacyMessage = 14

const crcAt = 12
const attributesAt = 17
const timestampAt = 18
const noTimestamp = -1

/** Reads what an entry says of itself; its bytes are all there. */
export function readLegacyEntry(buffer: Buffer, start: number, end: number): RecordBatch {
  const magic = buffer[start + batchLayout.magic] as number
  if (end - start < payloadAt(magic) + 8) {
    throw new DecodeError(`Malformed message at offset ${start}: ${end - start} bytes are too few`)
  }
  const offset = buffer.readBigInt64BE(start)
  const attributes = buffer[start + attributesAt] as number
  const timestamp = magic === 0 ? noTimestamp : readInt64Number(buffer, start + timestampAt)
  const isCompressed = (attributes & batchAttributes.compressionMask) !== 0
  return new RecordBatch({
    buffer,
    start,
    end,
    magic,
    baseOffset: offset,
    lastOffset: offset,
    partitionLeaderEpoch: -1,
    crc: buffer.readUInt32BE(start + crcAt),
    attributes:
      attributes & (batchAttributes.compressionMask | (magic === 0 ? 0 : batchAttributes.logAppendTime)),
    baseTimestamp: timestamp,
    maxTimestamp: timestamp,
    producerId: -1n,
    producerEpoch: -1,
    baseSequence: -1,
    recordsCount: isCompressed ? -1 : 1,
  })
}

/** The bytes of a compressed entry that its codec wrote. */
export function legacyCompressedBytes(batch: RecordBatch): Buffer {
  const { value } = readPayload(batch)
  if (value === null)
    throw new DecodeError(`Malformed message at offset ${batch.start}: compressed, but null`)
  return value
}

/** The records of an uncompressed entry in the layout of magic 2. */
export function openLegacyMessage(batch: RecordBatch): RecordArea {
  const { key, value } = readPayload(batch)
  const builder = new RecordBatchBuilder(0)
  builder.append(batch.baseTimestamp, key, value)
  return areaOf(builder, batch.baseOffset, batch)
}

/** The records of a compressed entry in the layout of magic 2; `bytes` is what its codec gave. */
export function openLegacySet(wrapper: RecordBatch, bytes: Buffer): RecordArea {
  const messages = readInnerMessages(wrapper, bytes)
  const last = messages[messages.length - 1]
  const first = messages[0]
  if (first === undefined || last === undefined) {
    throw new DecodeError(`Malformed message at offset ${wrapper.start}: the compressed set in it is empty`)
  }
  const builder = new RecordBatchBuilder(bytes.length)
  for (const message of messages) {
    const delta = Number(message.baseOffset - first.baseOffset)
    if (delta <= builder.lastOffsetDelta || delta > 0x7fffffff) {
      throw new DecodeError(
        `Malformed message at offset ${wrapper.start}: inner offset ${message.baseOffset} does not ascend`,
      )
    }
    const { key, value } = readPayload(message)
    builder.appendAt(delta, message.baseTimestamp, key, value)
  }
  // In magic 1 inner offsets are relative and the wrapper has that of the last; in magic 0 they are absolute.
  const shift = wrapper.magic === 1 ? wrapper.lastOffset - last.baseOffset : 0n
  return areaOf(builder, first.baseOffset + shift, wrapper)
}

function readInnerMessages(wrapper: RecordBatch, bytes: Buffer): RecordBatch[] {
  const messages: RecordBatch[] = []
  const fail = (at: number, what: string): never => {
    throw new DecodeError(`Malformed message at offset ${wrapper.start}: inner offset ${at}: ${what}`)
  }
  for (let at = 0; at < bytes.length;) {
    if (bytes.length - at < batchLengthOverhead + smallestLegacyMessage)
      fail(at, 'the compressed set is cut off')
    const length = bytes.readInt32BE(at + batchLayout.batchLength)
    const end = at + batchLengthOverhead + length
    if (length < smallestLegacyMessage || end > bytes.length)
      fail(at, `a message of ${length} bytes does not fit`)
    const magic = bytes[at + batchLayout.magic] as number
    if (magic !== wrapper.magic) fail(at, `magic ${magic} within magic ${wrapper.magic}`)
    const message = readLegacyEntry(bytes, at, end)
    if (message.compressionType !== 0) fail(at, 'compressed within a compressed set')
    if (crc32(bytes, at + batchLayout.magic, end) !== message.crc)
      fail(at, `its checksum is not ${message.crc}`)
    messages.push(message)
    at = end
  }
  return messages
}

function areaOf(builder: RecordBatchBuilder, baseOffset: bigint, batch: RecordBatch): RecordArea {
  const buffer = builder.records
  const area = { buffer, start: 0, end: buffer.length, baseOffset, count: builder.count }
  const baseTimestamp = builder.baseTimestamp
  return batch.isLogAppendTime
    ? { ...area, baseTimestamp, logAppendTime: batch.maxTimestamp }
    : { ...area, baseTimestamp }
}

function payloadAt(magic: number): number {
  return magic === 0 ? timestampAt : timestampAt + 8
}

function readPayload(message: RecordBatch): { key: Buffer | null; value: Buffer | null } {
  const keyAt = message.start + payloadAt(message.magic)
  const key = readSized(message, keyAt)
  const valueAt = keyAt + 4 + (key?.length ?? 0)
  const value = readSized(message, valueAt)
  const end = valueAt + 4 + (value?.length ?? 0)
  if (end !== message.end) {
    throw new DecodeError(
      `Malformed message at offset ${message.start}: ${message.end - end} bytes are left over`,
    )
  }
  return { key, value }
}

function readSized(message: RecordBatch, at: number): Buffer | null {
  const { buffer, end } = message
  const length = at + 4 > end ? -2 : buffer.readInt32BE(at)
  if (length < -1 || length > end - at - 4) {
    throw new DecodeError(`Malformed message at offset ${message.start}: a key or value of ${length} bytes`)
  }
  return length < 0 ? null : buffer.subarray(at + 4, at + 4 + length)
}
