import type { Clock, Timer } from '../../../base/clock'

/** Timers by name: what is scheduled under a name takes the place of what was. Owned by one group. */
export class KeyedTimers {
  readonly #clock: Clock
  readonly #timers = new Map<string, Timer>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  schedule(key: string, ms: number, callback: () => void): void {
    this.cancel(key)
    const timer = this.#clock.setTimer(ms, () => {
      this.#timers.delete(key)
      callback()
    })
    timer.unref?.()
    this.#timers.set(key, timer)
  }

  cancel(key: string): void {
    this.#timers.get(key)?.cancel()
    this.#timers.delete(key)
  }

  cancelAll(): void {
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
  }
}
