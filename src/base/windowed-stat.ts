/** The older half of a window is forgotten when the newer one has lasted this long, as in Java. */
const halfWindowMs = 30_000

interface Half {
  readonly startedAt: number
  count: number
  sum: number
  max: number
}

/** What was measured in the last 30 to 60 seconds. */
export interface WindowReading {
  /** 0 when nothing was measured. */
  readonly avg: number
  readonly max: number
  /** Sum of the values, by second. */
  readonly rate: number
  /** How many values there were, by second. */
  readonly frequency: number
}

/** Average, maximum and rate of a value over the last 30 to 60 seconds; adding to it costs a comparison and three sums. */
export class WindowedStat {
  #older: Half | undefined
  #newer: Half

  /** @param now by the clock that `add` is given the time of */
  constructor(now: number) {
    this.#newer = halfFrom(now)
  }

  add(value: number, now: number): void {
    if (now - this.#newer.startedAt >= halfWindowMs) this.#turn(now)
    const half = this.#newer
    half.count++
    half.sum += value
    if (value > half.max) half.max = value
  }

  read(now: number): WindowReading {
    if (now - this.#newer.startedAt >= halfWindowMs) this.#turn(now)
    const newer = this.#newer
    const older = this.#older ?? { startedAt: newer.startedAt, count: 0, sum: 0, max: 0 }
    const count = older.count + newer.count
    const sum = older.sum + newer.sum
    // The first moments would make a rate of nothing.
    const seconds = Math.max(now - older.startedAt, 1000) / 1000
    const avg = count === 0 ? 0 : sum / count
    return { avg, max: Math.max(older.max, newer.max), rate: sum / seconds, frequency: count / seconds }
  }

  #turn(now: number): void {
    const isStale = now - this.#newer.startedAt >= 2 * halfWindowMs
    this.#older = isStale ? undefined : this.#newer
    this.#newer = halfFrom(now)
  }
}

function halfFrom(now: number): Half {
  return { startedAt: now, count: 0, sum: 0, max: 0 }
}
