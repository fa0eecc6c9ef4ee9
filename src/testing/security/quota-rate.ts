/** Kafka's `quota.window.num` and `quota.window.size.seconds`, in milliseconds. */
export interface QuotaWindows {
  readonly count: number
  readonly sizeMs: number
}

interface Sample {
  startedAt: number
  lastAt: number
  total: number
}

/**
 * A rate over the last windows, measured as Kafka's metrics do: while there are fewer full windows than all but one,
 * those that are missing count as empty ones, so that a burst at the start is no violation by itself.
 */
export class QuotaRate {
  readonly #windows: QuotaWindows
  readonly #samples: Sample[] = []

  constructor(windows: QuotaWindows) {
    this.#windows = windows
  }

  /** Notes an amount and answers the milliseconds to wait until the rate is within `limit` a second. */
  record(amount: number, limit: number, now: number): number {
    this.#currentSample(now).total += amount
    this.#forgetOld(now)
    const elapsedMs = this.#elapsedMs(now)
    const rate = this.#samples.reduce((sum, it) => sum + it.total, 0) / (elapsedMs / 1000)
    return rate <= limit ? 0 : Math.round(((rate - limit) / limit) * elapsedMs)
  }

  #currentSample(now: number): Sample {
    const last = this.#samples.at(-1)
    if (last !== undefined && now - last.startedAt < this.#windows.sizeMs) {
      last.lastAt = now
      return last
    }
    const sample = { startedAt: now, lastAt: now, total: 0 }
    this.#samples.push(sample)
    return sample
  }

  #forgetOld(now: number): void {
    const { count, sizeMs } = this.#windows
    while (this.#samples[0] !== undefined && now - this.#samples[0].lastAt >= count * sizeMs)
      this.#samples.shift()
    if (this.#samples.length > count) this.#samples.shift()
  }

  #elapsedMs(now: number): number {
    const { count, sizeMs } = this.#windows
    const elapsed = now - (this.#samples[0]?.startedAt ?? now)
    const missing = Math.max(0, count - 1 - Math.floor(elapsed / sizeMs))
    return Math.max(1, elapsed + missing * sizeMs)
  }
}

/**
 * Kafka's token bucket for changes of the cluster (KIP-599): it fills at the rate of the quota up to what all windows
 * together allow, and may go below zero by one call.
 */
export class QuotaBucket {
  readonly #windows: QuotaWindows
  #tokens: number | undefined
  #filledAt = 0

  constructor(windows: QuotaWindows) {
    this.#windows = windows
  }

  /** Takes tokens and answers the milliseconds until there are some again; 0 while there are. */
  record(amount: number, limit: number, now: number): number {
    const burst = limit * ((this.#windows.count * this.#windows.sizeMs) / 1000)
    const before = this.#tokens ?? burst
    const tokens = Math.min(burst, before + ((now - this.#filledAt) / 1000) * limit) - amount
    this.#tokens = tokens
    this.#filledAt = now
    return tokens < 0 ? Math.round((-tokens / limit) * 1000) : 0
  }
}
