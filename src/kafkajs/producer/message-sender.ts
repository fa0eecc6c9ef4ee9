import type { CompressionType, OutgoingMessage, RawInput, Receipt, SendOptions } from '../../index'
import type { ConnectionStatus } from '../client/lifecycle'
import { failureOfCall, type RetrySettings } from '../client/retry'
import { CompressionTypes } from '../enums'
import { KafkaJSNonRetriableError } from '../errors/kafkajs-error'
import { translateError } from '../errors/translate-error'
import type { ProducerBatch, ProducerRecord, RecordMetadata, TopicMessages } from '../types/message'
import type { Sender } from '../types/producer'
import { requireConnected, requireSendable } from './message-checks'
import { type PartitionChooser, placeMessages, type PlacedMessage } from './outgoing-messages'
import { recordMetadata } from './record-metadata'
import type { ProducerSession, SendVariant } from './producer-session'

/** What sends placed messages to one topic: a producer or a transaction of ours. */
export interface TopicSender {
  send(
    topic: string,
    messages: readonly OutgoingMessage<RawInput, RawInput>[],
    options?: SendOptions,
  ): Promise<Receipt[]>
}

/** What `send` and `sendBatch` work with. */
export interface MessageSenderParts {
  readonly status: () => ConnectionStatus
  readonly session: () => ProducerSession | undefined
  readonly senderFor: (session: ProducerSession, variant: SendVariant) => TopicSender
  readonly choosePartition: PartitionChooser
  readonly isIdempotent: boolean
  readonly retry: RetrySettings
}

const compressionTypes: Readonly<Record<CompressionTypes, CompressionType>> = {
  [CompressionTypes.None]: 'none',
  [CompressionTypes.GZIP]: 'gzip',
  [CompressionTypes.Snappy]: 'snappy',
  [CompressionTypes.LZ4]: 'lz4',
  [CompressionTypes.ZSTD]: 'zstd',
}

/** `send` and `sendBatch`; each works by itself, so that whoever wraps one of them sees each call once. */
export function createMessageSender(parts: MessageSenderParts): Sender {
  const sendAll = async (
    topicMessages: readonly TopicMessages[],
    { acks = -1, compression = CompressionTypes.None }: Pick<ProducerBatch, 'acks' | 'compression'>,
  ): Promise<RecordMetadata[]> => {
    requireSendable(topicMessages, acks, parts.isIdempotent)
    requireConnected(parts.status())
    const session = parts.session() as ProducerSession
    try {
      const variant = variantOf(acks, compression)
      return await session.track(sendTopics(parts, session, mergeTopics(topicMessages), variant))
    } catch (error) {
      throw sendFailure(error, parts.retry)
    }
  }
  return {
    send: async ({ topic, messages, acks, compression }: ProducerRecord) =>
      await sendAll([{ topic, messages }], { acks, compression }),
    sendBatch: async ({ topicMessages = [], acks, compression }: ProducerBatch) =>
      await sendAll(topicMessages, { acks, compression }),
  }
}

function variantOf(acks: number, compression: CompressionTypes): SendVariant {
  if (acks !== -1 && acks !== 0 && acks !== 1) {
    throw new KafkaJSNonRetriableError(`Invalid acks ${String(acks)}, it has to be -1, 0 or 1`)
  }
  // The lower bits of a batch's attributes, of which the codec is part.
  const type = compressionTypes[(compression & 0x7) as CompressionTypes]
  if (type === undefined) throw new KafkaJSNonRetriableError(`Invalid compression ${String(compression)}`)
  return { acks, compression: type }
}

/** One entry a topic; what was given stays as it is. */
function mergeTopics(topicMessages: readonly TopicMessages[]): readonly TopicMessages[] {
  if (topicMessages.length === 1) return topicMessages
  const merged = new Map<string, TopicMessages>()
  for (const { topic, messages } of topicMessages) {
    const known = merged.get(topic)
    if (known === undefined) merged.set(topic, { topic, messages: [...messages] })
    else for (const message of messages) known.messages.push(message)
  }
  return [...merged.values()]
}

/** Nothing is sent before every message of every topic has its partition. */
async function sendTopics(
  parts: MessageSenderParts,
  session: ProducerSession,
  topicMessages: readonly TopicMessages[],
  variant: SendVariant,
): Promise<RecordMetadata[]> {
  const partitions = await Promise.all(topicMessages.map(({ topic }) => session.partitionsOf(topic)))
  const placed = topicMessages.map(({ topic, messages }, i) => {
    const known = partitions[i] as Awaited<ReturnType<ProducerSession['partitionsOf']>>
    const isKnown = ({ partition }: PlacedMessage) => partition < known.length
    const ready = placeMessages(topic, messages, known, parts.choosePartition)
    return { topic, messages: ready, options: ready.every(isKnown) ? {} : waitFor(session) }
  })
  const sender = parts.senderFor(session, variant)
  const sent = await Promise.all(
    placed.map(async ({ topic, messages, options }) =>
      recordMetadata(messages, await sender.send(topic, messages, options)),
    ),
  )
  return variant.acks === 0 ? [] : sent.flat()
}

function waitFor({ metadataWaitMs }: ProducerSession): SendOptions {
  return { timeoutMs: metadataWaitMs }
}

/** Errors that were KafkaJS's from the start, a partitioner's or a check's, are passed on as they are. */
function sendFailure(error: unknown, retry: RetrySettings): Error {
  const translated = translateError(error)
  return translated === error ? translated : failureOfCall(translated, retry)
}
