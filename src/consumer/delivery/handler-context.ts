import type { Message } from '../../message/message'

/** What a handler gets beside the message. */
export interface HandlerContext {
  /**
   * Aborted when the handler's result counts no longer: the partition was lost, or a rebalance (`revocationGraceMs`) or
   * `close` could not wait any longer for the handler. The message is then handed out again, perhaps by others, whether the
   * handler comes back or throws.
   */
  readonly signal: AbortSignal
  /** 1 when the message is handed out for the first time, 2 for its first retry, and so on. */
  readonly attempt: number
  /**
   * Ends the run after the handlers that are running, this one included; `run` resolves then. It doesn't wait: to await
   * `consumer.stop()` in a handler is to wait for oneself.
   */
  readonly stop: () => void
}

/** What a handler of `runBatches` gets beside the batch. */
export interface BatchContext<M extends Message = Message> extends HandlerContext {
  /**
   * Everything up to this message of the batch is finished: it may be committed, and is not handed out again when the
   * handler fails. Not needed otherwise: all of the batch is finished when the handler comes back.
   */
  readonly finish: (message: M) => void
  /**
   * True once the partition is to be given up: a rebalance waits for this handler. Coming back early lets it go on, with
   * a `seek` or a commit of exact positions for what was not done.
   */
  readonly isBeingRevoked: () => boolean
}
