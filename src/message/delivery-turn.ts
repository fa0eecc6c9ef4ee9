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
  #isYielding = false

  /** @param resume goes on handing out, in a new turn */
  constructor(clock: Clock, resume: () => void) {
    this.#clock = clock
    this.#resume = resume
  }

  /** Something outside of the delivery happened (an answer, a timer, a call): a turn of the event loop began. */
  begin(): void {
    if (!this.#isYielding) this.#endsAt = this.#clock.now() + turnMs
  }

  /** True when handing out must pause; it goes on by itself. */
  shouldYield(): boolean {
    if (this.#isYielding) return true
    if (this.#clock.now() < this.#endsAt) return false
    this.#isYielding = true
    setImmediate(() => {
      this.#isYielding = false
      this.begin()
      this.#resume()
    })
    return true
  }
}
