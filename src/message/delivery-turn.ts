import type { Clock } from '../base/clock'

/** Messages are handed out without a pause for at most so long; then timers and sockets have their turn. */
const turnMs = 10

/**
 * Bounds how long messages are handed out before the event loop goes on, so that heartbeats and answers are never held
 * up by a full buffer and quick handlers, whether they are synchronous or resolve at once (L16, K10).
 */
export class DeliveryTurn {
  readonly #clock: Clock
  readonly #resume: () => void
  #endsAt = 0
  /** The event loop has not gone on since this turn began. */
  #isOpen = false
  #isYielding = false

  /** @param resume goes on handing out, in a new turn */
  constructor(clock: Clock, resume: () => void) {
    this.#clock = clock
    this.#resume = resume
  }

  readonly #onLoopTurned = (): void => {
    this.#isOpen = false
  }

  /**
   * Something outside of the delivery happened (an answer, a timer, a call). However many of that come before the event
   * loop goes on, such as an answer that has news of a thousand partitions, they share one turn.
   */
  begin(): void {
    if (this.#isOpen || this.#isYielding) return
    this.#isOpen = true
    this.#endsAt = this.#clock.now() + turnMs
    setImmediate(this.#onLoopTurned)
  }

  /** True when handing out must pause; it goes on by itself. */
  shouldYield(): boolean {
    if (this.#isYielding) return true
    if (this.#clock.now() < this.#endsAt) return false
    this.#isYielding = true
    setImmediate(() => {
      this.#isYielding = false
      this.#isOpen = false
      this.begin()
      this.#resume()
    })
    return true
  }
}
