import { KafkaJSError, KafkaJSNonRetriableError } from '../errors/kafkajs-error'
import type { ConnectionStatus } from '../client/lifecycle'
import type { Message, TopicMessages } from '../types/message'

/** @throws KafkaJSNonRetriableError for what can't be sent, in KafkaJS's order and words */
export function requireSendable(
  topicMessages: readonly TopicMessages[],
  acks: number,
  isIdempotent: boolean,
): void {
  if (topicMessages.some(({ topic }) => !topic)) throw new KafkaJSNonRetriableError('Invalid topic')
  if (isIdempotent && acks !== -1) {
    throw new KafkaJSNonRetriableError(
      "Not requiring ack for all messages invalidates the idempotent producer's EoS guarantees",
    )
  }
  for (const { topic, messages } of topicMessages) requireMessages(topic, messages)
}

function requireMessages(topic: string, messages: readonly Message[]): void {
  if (!messages) {
    throw new KafkaJSNonRetriableError(`Invalid messages array [${String(messages)}] for topic "${topic}"`)
  }
  for (const message of messages) {
    if (message.value !== undefined) continue
    throw new KafkaJSNonRetriableError(
      `Invalid message without value for topic "${topic}": ${JSON.stringify(message)}`,
    )
  }
}

/** @throws KafkaJSError when messages can't be taken now */
export function requireConnected(status: ConnectionStatus): void {
  if (status === 'disconnecting') {
    throw new KafkaJSNonRetriableError(
      "The producer is disconnecting; therefore, it can't safely accept messages anymore",
    )
  }
  if (status === 'disconnected') throw new KafkaJSError('The producer is disconnected')
}
