import type { Receipt } from '../../index'
import type { RecordMetadata } from '../types/message'
import type { PlacedMessage } from './outgoing-messages'

/** Where the messages of one call were stored, as KafkaJS tells it: one answer a partition, with its first offset. */
export function recordMetadata(
  messages: readonly PlacedMessage[],
  receipts: readonly Receipt[],
): RecordMetadata[] {
  const byPartition = new Map<number, { first: Receipt; logAppendTime: number }>()
  for (const [i, receipt] of receipts.entries()) {
    const known = byPartition.get(receipt.partition)
    if (known !== undefined && known.first.offset <= receipt.offset) continue
    // Another time than the message was sent with is the broker's own: the topic has log append time.
    const isOwnTime = receipt.timestamp === (messages[i] as PlacedMessage).timestamp
    byPartition.set(receipt.partition, { first: receipt, logAppendTime: isOwnTime ? -1 : receipt.timestamp })
  }
  return [...byPartition.values()].map(({ first, logAppendTime }) => ({
    topicName: first.topic,
    partition: first.partition,
    errorCode: 0,
    baseOffset: first.offset.toString(),
    logAppendTime: logAppendTime.toString(),
  }))
}
