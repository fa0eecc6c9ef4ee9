import type { Clock, Timer } from '../../base/clock'

/** Tells when nothing happened for some time (Kafka's `connections.max.idle.ms`). One timer, whatever happens. */
export class IdleWatch {
  readonly #clock: Clock
  readonly #maxIdleMs: number
  readonly #isBusy: () => boolean
  readonly #onIdle: () => void
  #lastActiveAt: number
  #timer: Timer | undefined

  /**
   * @param maxIdleMs not above 0 for no limit
   * @param isBusy true while waiting is no idleness
   */
  constructor(clock: Clock, maxIdleMs: number, isBusy: () => boolean, onIdle: () => void) {
    this.#clock = clock
    this.#maxIdleMs = maxIdleMs
    this.#isBusy = isBusy
    this.#onIdle = onIdle
    this.#lastActiveAt = clock.now()
    if (maxIdleMs > 0) this.#wakeIn(maxIdleMs)
  }

  /** Something happened. */
  touch(): void {
    this.#lastActiveAt = this.#clock.now()
  }

  stop(): void {
    this.#timer?.cancel()
  }

  #check(): void {
    const idleMs = this.#isBusy() ? 0 : this.#clock.now() - this.#lastActiveAt
    if (idleMs >= this.#maxIdleMs) this.#onIdle()
    else this.#wakeIn(this.#maxIdleMs - idleMs)
  }

  #wakeIn(ms: number): void {
    this.#timer = this.#clock.setTimer(Math.ceil(ms), () => this.#check())
    this.#timer.unref?.()
  }
}
