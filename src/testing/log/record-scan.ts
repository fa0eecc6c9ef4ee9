import { DecodeError } from '../../base/errors'
import { openRecords } from '../../wire/records/open-records'
import type { RecordBatch } from '../../wire/records/record-batch'
import type { RecordCursor } from '../../wire/records/record-cursor'
import { fail } from '../contracts/kafka-failure'
import type { LogConfig } from '../contracts/partition-log'
import { type RecordError, RecordValidationError } from './record-validation-error'

/** What the records of a batch are checked by. */
export interface RecordRules {
  readonly topicPartition: string
  readonly config: LogConfig
  /** Wall time of the append. */
  readonly now: number
}

/** What a pass over the records of a batch found. */
export interface RecordScan {
  /** The highest timestamp; -1 when no record has one. */
  readonly maxTimestamp: number
  /** False for a compressed batch whose offset deltas are not 0, 1, 2, … */
  readonly hasPlainDeltas: boolean
}

/** Opens the records of a batch that came from a client. */
export function openProduced(batch: RecordBatch): RecordCursor {
  try {
    return openRecords(batch)
  } catch (error) {
    // Kafka's decompression fails with what is no answer to a client, so the client learns of an unknown error.
    if (error instanceof DecodeError) throw fail('UNKNOWN_SERVER_ERROR', error.message)
    throw error
  }
}

/**
 * Looks at each record as a broker does: is it well-formed, has it a key where compaction needs one, is its timestamp
 * within the topic's range.
 * @throws INVALID_RECORD, INVALID_TIMESTAMP, with the places of the records at fault
 */
export function scanRecords(batch: RecordBatch, cursor: RecordCursor, rules: RecordRules): RecordScan {
  const { config } = rules
  const isCompacted = config.cleanupPolicy.includes('compact')
  const checksTime = config.messageTimestampType === 'CreateTime'
  const oldest = rules.now - config.messageTimestampBeforeMaxMs
  const newest = rules.now + config.messageTimestampAfterMaxMs
  const errors: RecordFault[] = []
  let maxTimestamp = -1
  let hasPlainDeltas = true
  for (let index = 0; advance(cursor); index++) {
    const { timestamp } = cursor
    if (timestamp > maxTimestamp) maxTimestamp = timestamp
    if (cursor.offsetDelta !== index) hasPlainDeltas = false
    if (isCompacted && cursor.keyStart < 0) errors.push(withoutKey(index, rules))
    else if (checksTime && timestamp !== -1) {
      if (timestamp < oldest || timestamp > newest) errors.push(outOfRange(index, cursor, rules))
    } else if (batch.isLogAppendTime) errors.push(wrongTimestampType(index, cursor))
  }
  if (!hasPlainDeltas && batch.compressionType === 0) errors.push(brokenOffsets(rules))
  if (errors.length > 0) throw refusal(errors)
  return { maxTimestamp, hasPlainDeltas }
}

interface RecordFault extends RecordError {
  readonly isAboutTime: boolean
}

function advance(cursor: RecordCursor): boolean {
  try {
    return cursor.next()
  } catch (error) {
    if (error instanceof DecodeError) throw fail('INVALID_RECORD', error.message)
    throw error
  }
}

function refusal(faults: readonly RecordFault[]): RecordValidationError {
  const errors = faults.map(({ batchIndex, message }) => ({ batchIndex, message }))
  const code = faults.some((fault) => fault.isAboutTime) ? 'INVALID_TIMESTAMP' : 'INVALID_RECORD'
  return new RecordValidationError(code, errors)
}

function withoutKey(batchIndex: number, { topicPartition }: RecordRules): RecordFault {
  const message = `Compacted topic cannot accept message without key in topic partition ${topicPartition}`
  return { batchIndex, message, isAboutTime: false }
}

function brokenOffsets({ topicPartition }: RecordRules): RecordFault {
  const message = `Offset deltas of the records are not 0, 1, 2, … in topic partition ${topicPartition}`
  return { batchIndex: 0, message, isAboutTime: false }
}

function outOfRange(batchIndex: number, cursor: RecordCursor, rules: RecordRules): RecordFault {
  const { messageTimestampBeforeMaxMs: before, messageTimestampAfterMaxMs: after } = rules.config
  const from = BigInt(rules.now) - int64(before)
  const to = BigInt(rules.now) + int64(after)
  const message =
    `Timestamp ${cursor.timestamp} of message with offset ${cursor.offset} is out of range. ` +
    `The timestamp should be within [${BigInt.asIntN(64, from)}, ${BigInt.asIntN(64, to)}]`
  return { batchIndex, message, isAboutTime: true }
}

function wrongTimestampType(batchIndex: number, cursor: RecordCursor): RecordFault {
  const { offset, timestamp } = cursor
  const message =
    `Invalid timestamp type in message DefaultRecord(offset=${offset}, timestamp=${timestamp}, ` +
    `key=${cursor.keyEnd - cursor.keyStart} bytes, value=${cursor.valueEnd - cursor.valueStart} bytes). ` +
    'Producer should not set timestamp type to LogAppendTime.'
  return { batchIndex, message, isAboutTime: true }
}

/** A config of type long, which as a number cannot hold the largest exactly. */
function int64(value: number): bigint {
  const largest = 2n ** 63n - 1n
  if (!Number.isFinite(value)) return largest
  const exact = BigInt(Math.trunc(value))
  return exact > largest ? largest : exact
}
