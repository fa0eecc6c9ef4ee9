import { KafkaError } from '../base/errors'
import type { Logger } from '../base/logger'
import type { HeadersInput } from '../serde/headers'
import type { Receipt } from './outgoing-message'
import { ProduceError } from './produce-error'

/** A message of any topic, before it is serialized. */
export interface InterceptedMessage {
  /** Stays as it is: what an interceptor answers goes to the same topic. */
  readonly topic: string
  readonly key?: unknown
  readonly value: unknown
  readonly headers?: HeadersInput | undefined
  readonly partition?: number | undefined
  readonly timestamp?: number | Date | undefined
}

/**
 * Sees the messages of a producer (Java's `ProducerInterceptor`). Several make a chain, in their order. What one
 * throws is logged, and the send goes on as if it had not been asked.
 */
export interface ProducerInterceptor {
  /**
   * Before a message is serialized; what it answers is sent instead, nothing for the message as it is. Called once a
   * message, in the call of `send`; has to answer at once.
   */
  onSend?(message: InterceptedMessage): InterceptedMessage | void
  /** The message, as the chain left it, is in the log. Called before its `send` resolves. */
  onAcknowledgement?(receipt: Receipt, message: InterceptedMessage): void
  /** The message was refused or not delivered. Called before its `send` rejects. */
  onError?(error: KafkaError, message: InterceptedMessage): void
}

/** What became of one call of `send`, and how it goes on to its caller. */
type Send = (messages: unknown) => Promise<Receipt | Receipt[]>

/** The chain of a producer's interceptors. */
export class Interceptors {
  readonly #chain: readonly ProducerInterceptor[]
  readonly #logger: Logger

  constructor(chain: readonly ProducerInterceptor[], logger: Logger) {
    this.#chain = chain
    this.#logger = logger
  }

  /** Sends what the chain makes of the messages, and tells the chain of each one's outcome. */
  async around(topic: string, messages: unknown, send: Send): Promise<Receipt | Receipt[]> {
    const isSingle = !Array.isArray(messages)
    const given: unknown[] = isSingle ? [messages] : messages
    const seen = given.map((message) => this.#onSend(topic, message))
    // What is no message at all goes on as it is: the send says what is wrong with it.
    const sent = seen.map((message, i) => (isMessage(given[i]) ? message : given[i]))
    try {
      const result = await send(isSingle ? sent[0] : sent)
      const receipts = Array.isArray(result) ? result : [result]
      receipts.forEach((receipt, i) => this.#onAcknowledgement(receipt, seen[i] as InterceptedMessage))
      return result
    } catch (caught) {
      const error = KafkaError.from(caught, 'send failed')
      const results = error instanceof ProduceError ? error.results : undefined
      seen.forEach((message, i) => this.#onOutcome(results?.[i] ?? error, message))
      throw error
    }
  }

  #onSend(topic: string, given: unknown): InterceptedMessage {
    if (!isMessage(given)) return { topic, value: given }
    let message = viewOf(topic, given)
    for (const interceptor of this.#chain) {
      if (interceptor.onSend === undefined) continue
      try {
        const answer: unknown = interceptor.onSend(message)
        if (answer !== undefined) message = viewOf(topic, requireMessage(answer))
      } catch (error) {
        this.#failed('onSend', topic, error)
      }
    }
    return message
  }

  #onOutcome(outcome: Receipt | KafkaError, message: InterceptedMessage): void {
    if (!(outcome instanceof KafkaError)) return this.#onAcknowledgement(outcome, message)
    for (const interceptor of this.#chain) {
      try {
        interceptor.onError?.(outcome, message)
      } catch (error) {
        this.#failed('onError', message.topic, error)
      }
    }
  }

  #onAcknowledgement(receipt: Receipt, message: InterceptedMessage): void {
    for (const interceptor of this.#chain) {
      try {
        interceptor.onAcknowledgement?.(receipt, message)
      } catch (error) {
        this.#failed('onAcknowledgement', message.topic, error)
      }
    }
  }

  #failed(hook: string, topic: string, cause: unknown): void {
    this.#logger.error(`An interceptor failed in ${hook}; the send goes on without it`, {
      topic,
      error: KafkaError.from(cause).message,
    })
  }
}

/** A message that is the chain's own: what an interceptor does to it does not reach the caller's. */
function viewOf(topic: string, message: Omit<InterceptedMessage, 'topic'>): InterceptedMessage {
  const { key, value, headers, partition, timestamp } = message
  return { topic, key, value, headers, partition, timestamp }
}

function isMessage(value: unknown): value is InterceptedMessage {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function requireMessage(answer: unknown): InterceptedMessage {
  if (isMessage(answer) && typeof (answer as { then?: unknown }).then !== 'function') return answer
  throw new KafkaError('INVALID_ARGUMENT', 'onSend has to answer a message at once, or nothing')
}
