import type { MessageFailureEvent } from '../../base/failure-diagnostics'
import type { Logger } from '../../base/logger'
import { formatTopicPartition } from '../../base/topic-partition'
import type { Message } from '../../message/message'
import type { ConsumerEventOutlets } from '../events/consumer-event-listeners'
import type { FailedMessage } from './failed-message'

/** Counts since the consumer was made. */
export interface FailureCounts {
  /** Attempts that failed and were followed by another one. */
  readonly retried: number
  readonly skipped: number
  readonly deadLettered: number
}

/** Is told what becomes of messages whose handlers fail: counts it, logs it, publishes it. Decides nothing. */
export class FailureMonitor {
  readonly groupId: string | null
  readonly #clientId: string
  readonly #logger: Logger
  readonly #outlets: ConsumerEventOutlets
  readonly #counts = { retried: 0, skipped: 0, deadLettered: 0 }

  constructor(clientId: string, groupId: string | null, logger: Logger, outlets: ConsumerEventOutlets) {
    this.#outlets = outlets
    this.#clientId = clientId
    this.groupId = groupId
    this.#logger = logger
  }

  counts(): FailureCounts {
    return { ...this.#counts }
  }

  /** It will be handed out again after `backoffMs`. */
  retried(failed: FailedMessage, backoffMs: number): void {
    this.#counts.retried++
    this.#logger.debug('A handler failed; its message is handed out again', {
      ...placeOf(failed),
      backoffMs,
    })
    if (this.#outlets.messageRetried.isHeard)
      this.#outlets.messageRetried.publish({ ...this.#event(failed), backoffMs })
  }

  /** A batch failed for the last time: its messages are handed out one by one. */
  split(failed: FailedMessage, messages: number): void {
    this.#logger.debug('A batch failed; its messages are handed out one by one', {
      ...placeOf(failed),
      messages,
    })
  }

  skipped(failed: FailedMessage): void {
    this.#counts.skipped++
    this.#logger.warn('A message was skipped: its handler failed', placeOf(failed))
    if (this.#outlets.messageSkipped.isHeard) this.#outlets.messageSkipped.publish(this.#event(failed))
  }

  /** It is stored in that topic. */
  deadLettered(failed: FailedMessage, deadLetterTopic: string): void {
    this.#counts.deadLettered++
    this.#logger.warn('A message went to the dead-letter topic: its handler failed', {
      ...placeOf(failed),
      deadLetterTopic,
    })
    if (this.#outlets.messageDeadLettered.isHeard) {
      this.#outlets.messageDeadLettered.publish({ ...this.#event(failed), deadLetterTopic })
    }
  }

  /** The failure has no consequence: the message is not this delivery's any more, or was finished before. */
  abandoned(partition: { topic: string; partition: number }, error: unknown, why: string): void {
    this.#logger.warn(`A handler failed ${why}`, {
      partition: formatTopicPartition(partition),
      reason: reasonOf(error),
    })
  }

  #event({ message, error, attempts }: FailedMessage): MessageFailureEvent {
    const { topic, partition, offset } = message
    return { clientId: this.#clientId, groupId: this.groupId, topic, partition, offset, error, attempts }
  }
}

function placeOf({ message, error, attempts }: FailedMessage<Message>): Record<string, unknown> {
  return {
    partition: formatTopicPartition(message),
    offset: message.offset,
    attempts,
    reason: reasonOf(error),
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
