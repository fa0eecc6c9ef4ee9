import type { Clock, Timer } from '../../base/clock'

/**
 * Looks at the partitions when something may have become due: once a turn however often it is woken, and again when the
 * earliest of their backoffs has passed. Between these nothing runs.
 */
export class PartitionScan {
  readonly #clock: Clock
  readonly #scan: (now: number) => number
  readonly #abort = new AbortController()
  #timer: Timer | undefined
  #isScheduled = false

  /** @param scan acts on what is due, and answers when the next backoff passes; Infinity for none */
  constructor(clock: Clock, scan: (now: number) => number) {
    this.#clock = clock
    this.#scan = scan
  }

  /** Fires when the scan is closed: ends the requests that it started. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  wake(): void {
    if (this.#isScheduled || this.signal.aborted) return
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      if (!this.signal.aborted) this.#run()
    })
  }

  #run(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    const now = this.#clock.now()
    const nextAt = this.#scan(now)
    if (nextAt < Infinity) this.#timer = this.#clock.setTimer(nextAt - now, () => this.wake())
  }

  close(): void {
    this.#abort.abort()
    this.#timer?.cancel()
    this.#timer = undefined
  }
}
