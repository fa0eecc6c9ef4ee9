import type { OutgoingMessage, RawInput, Receipt, SendOptions } from '../../index'
import { timer } from '../client/core-options'
import type { ConnectionStatus } from '../client/lifecycle'
import { failureOfCall, type RetrySettings } from '../client/retry'
import { compressionOf } from '../compression/compression-codecs'
import { KafkaJSMetadataNotLoaded } from '../errors/client-errors'
import { KafkaJSNonRetriableError } from '../errors/kafkajs-error'
import { translateError } from '../errors/translate-error'
import type { ProducerBatch, ProducerRecord, RecordMetadata, TopicMessages } from '../types/message'
import type { Sender } from '../types/producer'
import { requireConnected, requireSendable } from './message-checks'
import { type PartitionChooser, placeMessages, type PlacedMessage } from './outgoing-messages'
import { recordMetadata } from './record-metadata'
import type { Acks, ProducerSession } from './producer-session'
import { isMissing } from '../is-missing'

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
  readonly senderFor: (session: ProducerSession, acks: Acks) => TopicSender
  readonly choosePartition: PartitionChooser
  readonly isIdempotent: boolean
  readonly retry: RetrySettings
}

/** What each call chooses for itself. */
type SendChoices = Pick<ProducerBatch, 'acks' | 'timeout' | 'compression'>

/** `send` and `sendBatch`; each works by itself, so that whoever wraps one of them sees each call once. */
export function createMessageSender(parts: MessageSenderParts): Sender {
  const sendAll = async (
    topicMessages: readonly TopicMessages[],
    { acks = -1, ...choices }: SendChoices,
  ): Promise<RecordMetadata[]> => {
    requireSendable(topicMessages, acks, parts.isIdempotent)
    requireConnected(parts.status())
    const session = parts.session() as ProducerSession
    try {
      const options = sendOptions(choices)
      const sent = sendTopics(parts, session, mergeTopics(topicMessages), requireAcks(acks), options)
      return await session.track(sent)
    } catch (error) {
      throw sendFailure(error, parts.retry)
    }
  }
  return {
    send: async ({ topic, messages, acks, timeout, compression }: ProducerRecord) =>
      await sendAll([{ topic, messages }], { acks, timeout, compression }),
    sendBatch: async ({ topicMessages = [], acks, timeout, compression }: ProducerBatch) =>
      await sendAll(topicMessages, { acks, timeout, compression }),
  }
}

function requireAcks(acks: number): Acks {
  if (acks === -1 || acks === 0 || acks === 1) return acks
  throw new KafkaJSNonRetriableError(`Invalid acks ${String(acks)}, it has to be -1, 0 or 1`)
}

function sendOptions({ compression, timeout }: SendChoices): SendOptions {
  return {
    ...(compression && { compression: compressionOf(compression) }),
    ...(!isMissing(timeout) && { acknowledgementTimeoutMs: timer(timeout, 1) }),
  }
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
  acks: Acks,
  options: SendOptions,
): Promise<RecordMetadata[]> {
  const partitions = await allOf(topicMessages, ({ topic }) => session.partitionsOf(topic))
  const placed = topicMessages.map(({ topic, messages }, i) => {
    const known = partitions[i] as Awaited<ReturnType<ProducerSession['partitionsOf']>>
    if (known.length === 0) throw failureOfCall(withoutMetadata(), parts.retry)
    const isKnown = ({ partition }: PlacedMessage) => partition < known.length
    const ready = placeMessages(topic, messages, known, parts.choosePartition)
    const limits = ready.every(isKnown) ? options : { ...options, timeoutMs: session.metadataWaitMs }
    return { topic, messages: ready, limits }
  })
  const sender = parts.senderFor(session, acks)
  const sent = await allOf(placed, async ({ topic, messages, limits }) =>
    recordMetadata(messages, await sender.send(topic, messages, limits)),
  )
  return acks === 0 ? [] : sent.flat()
}

/** Most calls name one topic, and `Promise.all` makes four objects for it. */
async function allOf<Item, Result>(
  items: readonly Item[],
  start: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const [only] = items
  return items.length === 1 && only !== undefined ? [await start(only)] : await Promise.all(items.map(start))
}

function withoutMetadata(): KafkaJSMetadataNotLoaded {
  return new KafkaJSMetadataNotLoaded('Producing to topic without metadata')
}

/** Errors that were KafkaJS's from the start, a partitioner's or a check's, are passed on as they are. */
function sendFailure(error: unknown, retry: RetrySettings): Error {
  const translated = translateError(error)
  return translated === error ? translated : failureOfCall(translated, retry)
}
