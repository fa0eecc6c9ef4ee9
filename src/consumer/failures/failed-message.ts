import type { Message } from '../../message/message'

/** A message whose handler failed for the last time. */
export interface FailedMessage<M extends Message = Message> {
  readonly message: M
  /** What the handler threw. */
  readonly error: unknown
  /** How often the handler was given the message, in a row and by this member; in batches: alone. */
  readonly attempts: number
}
