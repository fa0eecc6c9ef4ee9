import type { Message as CoreMessage, MessageBatch, RecordsPassedOverEvent } from '../../index'
import type { Batch } from '../types/consumer'
import type { IBatchProcessEvent } from '../types/events'
import type { IHeaders, RecordBatchEntry } from '../types/message'

/** A message as KafkaJS hands it out: plain, the receiver's own, and free to be changed. */
export function kafkaMessage(message: CoreMessage): RecordBatchEntry {
  const plain = {
    magicByte: 2,
    attributes: 0,
    timestamp: message.timestamp.toString(),
    offset: message.offset.toString(),
    key: message.rawKey,
    value: message.rawValue,
    headers: { ...message.headers } as IHeaders,
    isControlRecord: false,
  }
  return plain
}

/**
 * A batch as KafkaJS hands it out; its functions work without it, so that they survive a copy. Its last offset is that of
 * what lies behind the last message and is not handed out, such as the marker of a transaction.
 * @param fetchedOffset from which on it was read
 */
export function kafkaBatch(batch: MessageBatch, fetchedOffset: bigint): Batch {
  const { topic, partition, highWatermark, firstOffset } = batch
  const lastOffset = batch.endOffset - 1n
  const plain = batch.messages.map(kafkaMessage)
  const extras = {
    fetchedOffset: fetchedOffset.toString(),
    rawMessages: plain,
    messagesWithinOffset: plain,
    isEmptyIncludingFiltered: () => false,
    isEmptyDueToFiltering: () => false,
    isEmptyControlRecord: () => false,
    isEmptyDueToLogCompactedMessages: () => false,
  }
  return {
    topic,
    partition,
    highWatermark: highWatermark.toString(),
    messages: plain,
    isEmpty: () => false,
    firstOffset: () => firstOffset.toString(),
    lastOffset: () => lastOffset.toString(),
    offsetLag: () => (highWatermark - 1n - lastOffset).toString(),
    offsetLagLow: () => (highWatermark - 1n - firstOffset).toString(),
    ...extras,
  }
}

interface BatchEnds {
  readonly topic: string
  readonly partition: number
  readonly highWatermark: bigint
  readonly firstOffset: bigint
  /** Behind the last one. */
  readonly endOffset: bigint
}

/** What is told when a batch begins, and when it ends. */
export function batchEvent(batch: MessageBatch): IBatchProcessEvent {
  return eventOf(batch, batch.length)
}

/** The same of records that nobody is given. */
export function emptyBatchEvent(passed: RecordsPassedOverEvent): IBatchProcessEvent {
  return eventOf({ ...passed, firstOffset: passed.fromOffset }, 0)
}

function eventOf(
  { topic, partition, highWatermark, firstOffset, endOffset }: BatchEnds,
  batchSize: number,
): IBatchProcessEvent {
  return {
    topic,
    partition,
    highWatermark: highWatermark.toString(),
    offsetLag: (highWatermark - endOffset).toString(),
    offsetLagLow: (highWatermark - 1n - firstOffset).toString(),
    batchSize,
    firstOffset: firstOffset.toString(),
    lastOffset: (endOffset - 1n).toString(),
  }
}
