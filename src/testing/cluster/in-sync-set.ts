import type { Clock, Timer } from '../../base/clock'

/** What the in-sync set is made of. */
export interface InSyncSetOptions {
  readonly members: readonly number[]
  readonly clock: Clock
  /** `replica.lag.time.max.ms`, read anew for each use. */
  readonly lagTimeMaxMs: () => number
  /** Called with members that lagged too long; they are still members then. */
  readonly onLate: (late: readonly number[]) => void
}

/** The in-sync replicas of one partition, and since when which of them lags. A timer runs only while one lags. */
export class InSyncSet {
  readonly #options: InSyncSetOptions
  readonly #laggingSince = new Map<number, number>()
  #members: readonly number[]
  #timer: Timer | undefined

  constructor(options: InSyncSetOptions) {
    this.#options = options
    this.#members = options.members
  }

  get members(): readonly number[] {
    return this.#members
  }

  has(brokerId: number): boolean {
    return this.#members.includes(brokerId)
  }

  add(brokerId: number): void {
    this.#members = [...this.#members, brokerId]
  }

  replace(members: readonly number[]): void {
    this.#members = members
    for (const id of [...this.#laggingSince.keys()]) if (!members.includes(id)) this.#laggingSince.delete(id)
  }

  /** A new leader knows nothing of how long the others lag. */
  forgetLags(): void {
    this.#laggingSince.clear()
  }

  /** Notes who lags behind the leader now; of each the first time counts. */
  noteLags(isBehind: (brokerId: number) => boolean): void {
    const now = this.#options.clock.now()
    for (const id of this.#members) {
      if (!isBehind(id)) this.#laggingSince.delete(id)
      else if (!this.#laggingSince.has(id)) this.#laggingSince.set(id, now)
    }
    if (this.#laggingSince.size === 0) return this.stop()
    if (this.#timer !== undefined) return
    const oldest = Math.min(...this.#laggingSince.values())
    const wait = Math.max(0, oldest + this.#options.lagTimeMaxMs() - now)
    this.#timer = this.#options.clock.setTimer(wait, () => this.#onTimer())
    this.#timer.unref?.()
  }

  /** Ends the timer. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #onTimer(): void {
    this.#timer = undefined
    const before = this.#options.clock.now() - this.#options.lagTimeMaxMs()
    this.#options.onLate([...this.#laggingSince].filter(([, since]) => since <= before).map(([id]) => id))
  }
}
