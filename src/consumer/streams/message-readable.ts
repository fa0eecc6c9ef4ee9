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
  declare read: () => M | null;
  declare [Symbol.asyncIterator]: () => NodeJS.AsyncIterator<M, undefined, undefined>
  declare on: MessageListening<M, this>
  declare once: MessageListening<M, this>
}

/** How listeners are added to a stream of messages. */
export interface MessageListening<M extends Message, Stream> {
  (event: 'data', listener: (message: M) => void): Stream
  (event: 'close' | 'end' | 'pause' | 'readable' | 'resume', listener: () => void): Stream
  (event: 'error', listener: (error: Error) => void): Stream
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as Node declares the events of others
  (event: string | symbol, listener: (...args: any[]) => void): Stream
}
