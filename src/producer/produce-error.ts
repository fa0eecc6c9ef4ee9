import { KafkaError, type KafkaErrorOptions } from '../base/errors'
import type { Receipt } from './outgoing-message'

export interface ProduceErrorOptions extends KafkaErrorOptions {
  /** See `ProduceError.maybeStored`. */
  readonly maybeStored: boolean
  readonly results?: readonly (Receipt | KafkaError)[]
}

/**
 * A message that `send` took could not be delivered. `code` is Kafka's name where the broker refused it
 * (`MESSAGE_TOO_LARGE`, `TOPIC_AUTHORIZATION_FAILED`, …), otherwise `DELIVERY_TIMEOUT` or `CLOSED`.
 */
export class ProduceError extends KafkaError {
  override readonly name = 'ProduceError'
  protected static override readonly brandName: string = 'ProduceError'
  /**
   * False: the message is not in the log and will not come there. True: it may be, because it was written to a
   * broker and no answer said what became of it; sending it again may store it twice.
   */
  readonly maybeStored: boolean
  /** For a call with several messages: the outcome of each, in their order. */
  readonly results: readonly (Receipt | KafkaError)[] | undefined

  constructor(code: string, message: string, options: ProduceErrorOptions) {
    const { maybeStored, results, ...rest } = options
    super(code, message, rest)
    this.maybeStored = maybeStored
    this.results = results
  }
}
