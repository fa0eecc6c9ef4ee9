import type { Message as CoreMessage, MessageBatch } from '../../index'
import type { Batch } from '../types/consumer'
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

/** A batch as KafkaJS hands it out; its functions work without it, so that they survive a copy. */
export function kafkaBatch(
  { topic, partition, highWatermark }: Pick<MessageBatch, 'topic' | 'partition' | 'highWatermark'>,
  messages: readonly CoreMessage[],
): Batch {
  const first = messages[0]?.offset
  const last = messages.at(-1)?.offset
  const plain = messages.map(kafkaMessage)
  const lagBehind = (offset: bigint | undefined) =>
    offset === undefined ? '0' : (highWatermark - 1n - offset).toString()
  const extras = {
    fetchedOffset: (first ?? 0n).toString(),
    rawMessages: plain,
    messagesWithinOffset: plain,
    isEmptyIncludingFiltered: () => plain.length === 0,
    isEmptyDueToFiltering: () => false,
    isEmptyControlRecord: () => false,
    isEmptyDueToLogCompactedMessages: () => false,
  }
  return {
    topic,
    partition,
    highWatermark: highWatermark.toString(),
    messages: plain,
    isEmpty: () => plain.length === 0,
    firstOffset: () => first?.toString() ?? null,
    lastOffset: () => (last ?? highWatermark - 1n).toString(),
    offsetLag: () => lagBehind(last),
    offsetLagLow: () => lagBehind(first),
    ...extras,
  }
}
