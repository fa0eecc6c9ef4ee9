import { WindowedStat } from '../base/windowed-stat'

/** Heartbeats of a member. */
export interface HeartbeatMetrics {
  /** `heartbeat-total`. Heartbeats that were answered. */
  readonly heartbeatTotal: number
  /** `heartbeat-rate` */
  readonly heartbeatRate: number
  /** `heartbeat-response-time-max`. Milliseconds. */
  readonly heartbeatResponseTimeMax: number
  /** `last-heartbeat-seconds-ago`: since one was last sent; -1 before the first. */
  readonly lastHeartbeatSecondsAgo: number
}

/** Counts the heartbeats of one member. */
export class HeartbeatStatistics {
  readonly #responseMs: WindowedStat
  #answers = 0
  #sentAt: number | undefined

  /** @param now by the clock whose times the other methods are given */
  constructor(now: number) {
    this.#responseMs = new WindowedStat(now)
  }

  sent(now: number): void {
    this.#sentAt = now
  }

  answered(latencyMs: number, now: number): void {
    this.#answers++
    this.#responseMs.add(latencyMs, now)
  }

  metrics(now: number): HeartbeatMetrics {
    const response = this.#responseMs.read(now)
    return {
      heartbeatTotal: this.#answers,
      heartbeatRate: response.frequency,
      heartbeatResponseTimeMax: response.max,
      lastHeartbeatSecondsAgo: secondsSince(this.#sentAt, now),
    }
  }
}

/** -1 for what has not happened yet. */
export function secondsSince(at: number | undefined, now: number): number {
  return at === undefined ? -1 : (now - at) / 1000
}
