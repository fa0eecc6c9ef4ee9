import type { ShareMessage } from './share-message'

/** What a handler of a share consumer gets beside the message. */
export interface ShareHandlerContext {
  /**
   * Aborted when the message's lock ends while the handler runs: what it does from then on counts no longer, and others
   * may work on the same message.
   */
  readonly signal: AbortSignal
}

/** The context of one message. Its signal is made when it is asked for. */
export class LockContext implements ShareHandlerContext {
  readonly #message: ShareMessage
  #controller: AbortController | undefined
  #unlisten: (() => void) | undefined
  #isOver = false

  constructor(message: ShareMessage) {
    this.#message = message
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (!this.#isOver) this.#listen(this.#controller)
    }
    return this.#controller.signal
  }

  /** The handler has come back. */
  end(): void {
    this.#isOver = true
    this.#unlisten?.()
  }

  #listen(controller: AbortController): void {
    const { records, position } = this.#message
    this.#unlisten = records.onLost(position, () => {
      // A renewal may have given the message a lock of its own, which lasts.
      if (this.#message.records === records) controller.abort(this.#message.loss)
      else this.#listen(controller)
    })
  }
}
