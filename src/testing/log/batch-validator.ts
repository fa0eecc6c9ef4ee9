import {
  batchAttributes,
  batchHeaderBytes,
  batchLayout,
  readInt64Number,
  writeBatchHeader,
  writeInt64Number,
} from '../../wire/records/batch-layout'
import { compressionTypes } from '../../wire/records/compression/codec'
import { codecOf } from '../../wire/records/compression/codecs'
import { readBatchHeader, type RecordBatch } from '../../wire/records/record-batch'
import type { RecordCursor } from '../../wire/records/record-cursor'
import { crc32c } from '../../wire/crc32c'
import { fail } from '../contracts/kafka-failure'
import { encodeRecords, recordAt } from './record-bytes'
import { openProduced, type RecordRules, type RecordScan, scanRecords } from './record-scan'

/**
 * Checks one batch by the rules of Kafka's log and answers it as the log stores it, in bytes of its own: offset and
 * leader epoch are still the producer's, timestamps and codec are the topic's.
 * @throws MESSAGE_TOO_LARGE, CORRUPT_MESSAGE, INVALID_RECORD, INVALID_TIMESTAMP, RECORD_LIST_TOO_LARGE
 */
export function validatedBatch(view: Buffer, rules: RecordRules, origin: 'client' | 'coordinator'): Buffer {
  checkWhole(view, rules, origin)
  if (origin === 'client') checkHeader(view, rules)
  const batch = readBatchHeader(view, 0, view.length)
  const cursor = openProduced(batch)
  const scan = scanRecords(batch, cursor, rules)
  const stored = storedForm(batch, scan, rules)
  const { maxMessageBytes, segmentBytes } = rules.config
  if (stored.length > maxMessageBytes) throw tooLarge(stored.length, rules)
  if (stored.length > segmentBytes) {
    throw fail(
      'RECORD_LIST_TOO_LARGE',
      `Message batch size is ${stored.length} bytes in append to partition ${rules.topicPartition}, ` +
        `which exceeds the maximum configured segment size of ${segmentBytes}.`,
    )
  }
  return stored
}

function checkWhole(view: Buffer, rules: RecordRules, origin: 'client' | 'coordinator'): void {
  if (origin === 'client' && view.readBigInt64BE(batchLayout.baseOffset) !== 0n) {
    throw fail(
      'INVALID_RECORD',
      `The baseOffset of the record batch in the append to ${rules.topicPartition} should be 0, ` +
        `but it is ${view.readBigInt64BE(batchLayout.baseOffset)}`,
    )
  }
  if (view.length > rules.config.maxMessageBytes) throw tooLarge(view.length, rules)
  const isWhole = view.length >= batchHeaderBytes
  const crc = view.readUInt32BE(batchLayout.crc)
  if (!isWhole || crc32c(view, batchLayout.attributes) !== crc) {
    throw fail(
      'CORRUPT_MESSAGE',
      `Record is corrupt (stored crc = ${crc}) in topic partition ${rules.topicPartition}.`,
    )
  }
}

function tooLarge(size: number, { topicPartition, config }: RecordRules): Error {
  return fail(
    'MESSAGE_TOO_LARGE',
    `The record batch size in the append to ${topicPartition} is ${size} bytes ` +
      `which exceeds the maximum configured value of ${config.maxMessageBytes}).`,
  )
}

function checkHeader(view: Buffer, { topicPartition }: RecordRules): void {
  const where = `in topic partition ${topicPartition}`
  const lastOffsetDelta = view.readInt32BE(batchLayout.lastOffsetDelta)
  const count = view.readInt32BE(batchLayout.recordsCount)
  const attributes = view.readInt16BE(batchLayout.attributes)
  const producerId = view.readBigInt64BE(batchLayout.producerId)
  const baseSequence = view.readInt32BE(batchLayout.baseSequence)
  if (lastOffsetDelta < 0) {
    throw fail('INVALID_RECORD', `Batch has an invalid offset range: [0, ${lastOffsetDelta}] ${where}`)
  }
  if (count <= 0) {
    throw fail('INVALID_RECORD', `Invalid reported count for record batch: ${count} ${where}`)
  }
  if (lastOffsetDelta + 1 !== count) {
    throw fail(
      'INVALID_RECORD',
      `Inconsistent batch offset range [0, ${lastOffsetDelta}] and count of records ${count} ${where}`,
    )
  }
  if ((attributes & batchAttributes.control) !== 0) {
    throw fail('INVALID_RECORD', `Clients are not allowed to write control records ${where}`)
  }
  if (producerId >= 0n && baseSequence < 0) {
    throw fail(
      'INVALID_RECORD',
      `Invalid sequence number ${baseSequence} in record batch with producerId ${producerId} ${where}`,
    )
  }
  const compressionType = attributes & batchAttributes.compressionMask
  if (compressionType > compressionTypes.zstd) {
    throw fail('UNKNOWN_SERVER_ERROR', `Unknown compression type id: ${compressionType}`)
  }
  const recordBytes = view.length - batchHeaderBytes
  if (compressionType === 0 && count > recordBytes) {
    throw fail('INVALID_RECORD', `Found invalid record count ${count} in ${recordBytes} bytes ${where}`)
  }
}

/** The batch with the topic's codec and timestamp type; copied, since the log's bytes outlive the request. */
function storedForm(batch: RecordBatch, scan: RecordScan, rules: RecordRules): Buffer {
  const target = targetCompression(batch, rules)
  const keepsCodec = target === batch.compressionType
  if (keepsCodec && !scan.hasPlainDeltas) {
    // Kafka sets about writing the batch anew, and fails: it has not read keys and values.
    throw fail('UNKNOWN_SERVER_ERROR', `Offset deltas have gaps in ${rules.topicPartition}`)
  }
  const bytes = keepsCodec
    ? Buffer.from(batch.buffer.subarray(batch.start, batch.end))
    : writtenAnew(batch, target, scan.hasPlainDeltas)
  stampTime(bytes, scan.maxTimestamp, rules)
  return bytes
}

function targetCompression(batch: RecordBatch, { config }: RecordRules): number {
  const { compressionType: name } = config
  if (name === 'uncompressed') return compressionTypes.none
  if (!isCodecName(name)) return batch.compressionType
  const target = compressionTypes[name]
  const cannot = target !== 0 && codecOf(target).compressionProblem?.() !== undefined
  return cannot ? batch.compressionType : target
}

function isCodecName(name: string): name is keyof typeof compressionTypes {
  return name in compressionTypes
}

function writtenAnew(batch: RecordBatch, target: number, hasPlainDeltas: boolean): Buffer {
  const cursor = openProduced(batch)
  const plain = hasPlainDeltas ? recordArea(batch, cursor) : renumbered(batch, cursor)
  const records = target === 0 ? plain : codecOf(target).compress(plain)
  const bytes = Buffer.allocUnsafe(batchHeaderBytes + records.length)
  bytes.set(records, batchHeaderBytes)
  writeBatchHeader(bytes, bytes.length, {
    ...batch,
    attributes: (batch.attributes & ~batchAttributes.compressionMask) | target,
    lastOffsetDelta: batch.recordsCount - 1,
  })
  bytes.writeUInt32BE(crc32c(bytes, batchLayout.attributes), batchLayout.crc)
  return bytes
}

/** The records as they were encoded, without their codec. */
function recordArea(batch: RecordBatch, cursor: RecordCursor): Buffer {
  return batch.compressionType === 0
    ? cursor.buffer.subarray(batch.start + batchHeaderBytes, batch.end)
    : cursor.buffer
}

function renumbered(batch: RecordBatch, cursor: RecordCursor): Buffer {
  const records = []
  for (let offsetDelta = 0; cursor.next(); offsetDelta++) {
    records.push({ ...recordAt(cursor), offsetDelta })
  }
  return encodeRecords(records, batch.baseTimestamp)
}

/** Writes the topic's timestamp type and the highest timestamp; a checksum only when one of them changed. */
function stampTime(bytes: Buffer, maxTimestamp: number, rules: RecordRules): void {
  const isAppendTime = rules.config.messageTimestampType === 'LogAppendTime'
  const old = bytes.readInt16BE(batchLayout.attributes)
  const attributes = isAppendTime ? old | batchAttributes.logAppendTime : old & ~batchAttributes.logAppendTime
  const timestamp = isAppendTime ? rules.now : maxTimestamp
  if (attributes === old && readInt64Number(bytes, batchLayout.maxTimestamp) === timestamp) return
  bytes.writeInt16BE(attributes, batchLayout.attributes)
  writeInt64Number(bytes, batchLayout.maxTimestamp, timestamp)
  bytes.writeUInt32BE(crc32c(bytes, batchLayout.attributes), batchLayout.crc)
}
