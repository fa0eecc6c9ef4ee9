import { createDeferred } from '../base/deferred'
import { KafkaError, TimeoutError } from '../base/errors'
import type { Message } from './message'

/**
 * How a run comes to its end: it is asked to stop, or something fails; it has ended once the handlers that run have come
 * back. The first failure is the one the user is told.
 */
export class DeliveryEnd {
  readonly #ended = createDeferred<void>()
  #hasBegun = false
  #failure: KafkaError | undefined

  /** True when nothing more may be handed out. */
  get hasBegun(): boolean {
    return this.#hasBegun
  }

  begin(failure?: KafkaError): void {
    this.#failure ??= failure
    this.#hasBegun = true
  }

  /** No handler runs any more. */
  complete(): void {
    if (this.#hasBegun) this.#ended.resolve()
  }

  /** Resolves when the run has ended, however it did. */
  async reached(): Promise<void> {
    await this.#ended.promise
  }

  /** As `reached`; rejects when the run failed. */
  async outcome(): Promise<void> {
    await this.#ended.promise
    if (this.#failure !== undefined) throw this.#failure
  }
}

/**
 * What the user is told when a handler fails: which message it was, with the handler's own error as `cause`.
 * @param attempts how often the handler was given it
 */
export function handlerFailure(error: unknown, message: Message | undefined, attempts = 1): KafkaError {
  const detail = error instanceof Error ? error.message : String(error)
  if (message === undefined)
    return new KafkaError('HANDLER_FAILED', `The handler failed: ${detail}`, { cause: error })
  const { topic, partition, offset } = message
  const times = attempts > 1 ? ` ${attempts} times` : ''
  return new KafkaError('HANDLER_FAILED', `The handler failed${times} at offset ${offset}: ${detail}`, {
    topic,
    partition,
    cause: error,
  })
}

/** Handlers did not come back in the time that `stop` was given. */
export function stopTimeout(): TimeoutError {
  return new TimeoutError(
    'HANDLER_TIMEOUT',
    'Handlers were still running when the time of stop() was over; nothing more is handed out. In a handler use context.stop() (in a loop, break): stop() would wait for the handler itself',
  )
}
