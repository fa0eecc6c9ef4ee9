import { Readable } from 'node:stream'
import { KafkaError } from '../../base/errors'
import type { Message } from '../../message/message'

/**
 * A consumer's messages as a stream of Node. It takes a message only when somebody asks for one and holds none in
 * store, so a message counts as finished when the next one is asked for, as in a loop. Whatever buffers behind it asks
 * ahead: see docs/consuming.md for what that means for commits.
 */
export class MessageReadable<M extends Message> extends Readable {
  readonly #messages: AsyncIterator<M>

  /** @internal made by `consumer.readable()` */
  constructor(messages: AsyncIterator<M>) {
    super({ objectMode: true, highWaterMark: 0 })
    this.#messages = messages
  }

  override _read(): void {
    this.#messages.next().then(
      ({ done, value }) => this.push(done === true ? null : value),
      (error: unknown) => this.destroy(KafkaError.from(error)),
    )
  }

  /** What was handed out last stays unfinished, unless the stream had come to its end. */
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const ended = this.#messages.return?.() ?? Promise.resolve()
    ended.then(
      () => callback(error),
      (failure: unknown) => callback(error ?? KafkaError.from(failure)),
    )
  }

  /** The next message, if it is there already. */
  declare read: () => M | null
}

/** The methods of a stream that hand out messages, with their type. */
export interface MessageReadable<M extends Message> {
  [Symbol.asyncIterator](): NodeJS.AsyncIterator<M, undefined, undefined>
  on(event: 'data', listener: (message: M) => void): this
  on(event: 'close' | 'end' | 'pause' | 'readable' | 'resume', listener: () => void): this
  on(event: 'error', listener: (error: Error) => void): this
  on(event: string | symbol, listener: (...args: unknown[]) => void): this
}
