import type { Receipt } from '../../index'
import type { RecordMetadata } from '../types/message'
import type { PlacedMessage } from './outgoing-messages'

/** Where the messages of one call were stored, as KafkaJS tells it: one answer a partition, with its first offset. */
export function recordMetadata(
  messages: readonly PlacedMessage[],
  receipts: readonly Receipt[],
): RecordMetadata[] {
  const [only] = receipts
  if (only !== undefined && receipts.length === 1) return [metadataOf(only, messages[0] as PlacedMessage)]
  const firsts = new Map<number, { receipt: Receipt; message: PlacedMessage }>()
  for (const [i, receipt] of receipts.entries()) {
    const known = firsts.get(receipt.partition)
    if (known !== undefined && known.receipt.offset <= receipt.offset) continue
    firsts.set(receipt.partition, { receipt, message: messages[i] as PlacedMessage })
  }
  return [...firsts.values()].map(({ receipt, message }) => metadataOf(receipt, message))
}

function metadataOf(
  { topic, partition, offset, timestamp }: Receipt,
  message: PlacedMessage,
): RecordMetadata {
  // Another time than the message was sent with is the broker's own: the topic has log append time.
  const logAppendTime = timestamp === message.timestamp ? '-1' : timestamp.toString()
  return { topicName: topic, partition, errorCode: 0, baseOffset: offset.toString(), logAppendTime }
}
