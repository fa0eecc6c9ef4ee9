import { InvalidArgumentError, isKafkaError } from '../../base/errors'
import type { Message } from '../../message/message'
import type { HeadersInput } from '../../serde/headers'
import type { FailedMessage } from './failed-message'

/** A message on its way to a dead-letter topic: the bytes as they came, and why. */
export interface DeadLetterMessage {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: HeadersInput
  /** The original's; undefined where it had none. */
  readonly timestamp: number | undefined
}

/** What is asked of the producer; every `kafka.producer()` without a `transactionalId` has it. */
export interface DeadLetterProducer {
  /** Resolves when the message is stored. */
  send(topic: string, message: DeadLetterMessage): Promise<unknown>
}

export interface DeadLetterOptions<M extends Message = Message> {
  /** Where to; by its name, or chosen by the message. Default: the message's topic with `.dead-letter` appended. */
  readonly topic?: string | ((message: M) => string) | undefined
  /** Headers beside those that `deadLetterHeaders` names; one of the same name as the message's replaces it. */
  readonly headers?: ((failed: FailedMessage<M>) => HeadersInput) | undefined
}

/**
 * The headers that a dead letter has beside its own. All values are text. A message that is dead-lettered again has each
 * of them twice, the newest last: `message.header(name)` gives the newest.
 */
export const deadLetterHeaders = Object.freeze({
  topic: 'dead-letter-topic',
  partition: 'dead-letter-partition',
  offset: 'dead-letter-offset',
  /** The original's timestamp, milliseconds since 1970. */
  timestamp: 'dead-letter-timestamp',
  /** The group that gave it up; null without one. */
  group: 'dead-letter-group',
  /** How often the handler was given the message. */
  attempts: 'dead-letter-attempts',
  /** The class of what the handler threw. */
  error: 'dead-letter-error',
  /** Its `code`, if it has one; otherwise null. */
  errorCode: 'dead-letter-error-code',
  /** Its message, at most 1,024 characters. */
  errorMessage: 'dead-letter-error-message',
  /** When it was given up, milliseconds since 1970. */
  time: 'dead-letter-time',
})

/** Who gives the message up, and when. */
export interface DeadLetterOrigin {
  readonly groupId: string | null
  /** Milliseconds since 1970. */
  readonly time: number
}

const suffix = '.dead-letter'
const longestText = 1024

/** Where messages go that are given up; made by `deadLetter`. */
export class DeadLetter<M extends Message = Message> {
  readonly #producer: DeadLetterProducer
  readonly #options: DeadLetterOptions<M>

  /** @internal */
  constructor(producer: DeadLetterProducer, options: DeadLetterOptions<M>) {
    this.#producer = producer
    this.#options = options
  }

  /** The topic this message goes to. @internal */
  topicOf(message: M): string {
    const { topic = message.topic + suffix } = this.#options
    return typeof topic === 'string' ? topic : topic(message)
  }

  /** Resolves when the message is stored in `topic`. @internal */
  async send(topic: string, failed: FailedMessage<M>, origin: DeadLetterOrigin): Promise<void> {
    const { message } = failed
    await this.#producer.send(topic, {
      key: message.rawKey,
      value: message.rawValue,
      timestamp: message.timestamp < 0 ? undefined : message.timestamp,
      headers: { ...message.headers, ...this.#options.headers?.(failed), ...reasons(failed, origin) },
    })
  }
}

/**
 * Sends messages that are given up to another topic, for `giveUp`. The message's bytes, headers and timestamp stay as
 * they are; `deadLetterHeaders` say where it was and why it failed. It is finished once the topic has it; when that
 * fails, the run ends with DEAD_LETTER_FAILED and the message stays unfinished. The topic must exist, and keep messages
 * for long enough after their original timestamp.
 *
 *     const onError = { retries: 5, giveUp: deadLetter(producer) }
 *
 * @throws InvalidArgumentError when the first argument is not a producer
 */
export function deadLetter<M extends Message = Message>(
  producer: DeadLetterProducer,
  options: DeadLetterOptions<M> = {},
): DeadLetter<M> {
  if (typeof producer?.send !== 'function') {
    throw new InvalidArgumentError('deadLetter: the first argument must be a producer')
  }
  return new DeadLetter(producer, options)
}

/** Every dead-lettering adds one value to each header, so that those of one time have the same index. */
function reasons({ message, error, attempts }: FailedMessage, origin: DeadLetterOrigin): HeadersInput {
  const values: Record<keyof typeof deadLetterHeaders, string | null> = {
    topic: message.topic,
    partition: String(message.partition),
    offset: String(message.offset),
    timestamp: String(message.timestamp),
    group: origin.groupId,
    attempts: String(attempts),
    error: bounded(classOf(error)),
    errorCode: codeOf(error),
    errorMessage: bounded(error instanceof Error ? error.message : String(error)),
    time: String(origin.time),
  }
  const { headers } = message
  return Object.fromEntries(
    Object.entries(deadLetterHeaders).map(([field, name]) => {
      const value = values[field as keyof typeof values]
      const earlier = Object.hasOwn(headers, name) ? headers[name] : undefined
      return [name, earlier === undefined ? value : [earlier, value].flat()]
    }),
  )
}

function classOf(error: unknown): string {
  if (!(error instanceof Error)) return error === null ? 'null' : typeof error
  return error.name === 'Error' ? error.constructor.name : error.name
}

function codeOf(error: unknown): string | null {
  if (isKafkaError(error)) return error.code
  if (typeof error !== 'object' || error === null || !('code' in error)) return null
  const { code } = error
  return typeof code === 'string' || typeof code === 'number' ? bounded(String(code)) : null
}

function bounded(text: string): string {
  return text.length <= longestText ? text : text.slice(0, longestText)
}
