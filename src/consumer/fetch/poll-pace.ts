import type { FetchSettings } from './fetch-settings'

/** A broker that has had nothing for so long may hold polls back for longer. */
const restsAfterMs = 3000
/**
 * How long a poll is held back then. Short beside the time in which a cluster replaces a broker that hangs
 * (`broker.session.timeout.ms`, 9 s), so that its successor is found as soon as there is one (L20).
 */
const restingWaitMs = 5000

/**
 * How long one broker is to hold polls back. As long as it has nothing to say, every poll is a wake-up of this process for
 * nothing (L23), and brokers answer a poll in the moment in which there is something; so one that has been silent for a
 * while is polled less often. Not with `fetch.min.bytes`, for then `fetch.max.wait.ms` is how long messages wait, and
 * not at followers, which before Kafka 2.5 don't answer when a message becomes visible.
 */
export class PollPace {
  readonly #settings: FetchSettings
  #silentSince: number | undefined
  #waitMs: number

  constructor(settings: FetchSettings) {
    this.#settings = settings
    this.#waitMs = settings.maxWaitMs
  }

  /** How long the present or last poll may be held back. */
  get waitMs(): number {
    return this.#waitMs
  }

  /** Records or errors came, or something else is asked for from now on. */
  noteNews(): void {
    this.#silentSince = undefined
  }

  /** How long the next poll may be held back. */
  next(hasFollowers: boolean): number {
    const { minBytes, maxWaitMs, cluster } = this.#settings
    const now = cluster.clock.now()
    this.#silentSince ??= now
    const mayRest = minBytes <= 1 && maxWaitMs > 0 && !hasFollowers
    const rests = mayRest && now - this.#silentSince >= restsAfterMs
    this.#waitMs = rests ? Math.max(maxWaitMs, restingWaitMs) : maxWaitMs
    return this.#waitMs
  }
}
