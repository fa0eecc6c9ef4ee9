import { WindowedStat } from '../base/windowed-stat'
import type { FetchMetrics } from './fetch-metrics'

/** Messages of one topic that were handed out. */
class Consumption {
  records = 0
  bytes = 0
}

/** Counts what fetches bring and what is handed out of it: once a slice or a request, never once a message. */
export class FetchStatistics {
  readonly #total = new Consumption()
  readonly #topics = new Map<string, Consumption>()
  readonly #records: WindowedStat
  readonly #bytes: WindowedStat
  readonly #latencyMs: WindowedStat
  readonly #size: WindowedStat
  readonly #throttleMs: WindowedStat
  #answers = 0
  #errors = 0

  /** @param now by the clock whose times the other methods are given */
  constructor(now: number) {
    this.#records = new WindowedStat(now)
    this.#bytes = new WindowedStat(now)
    this.#latencyMs = new WindowedStat(now)
    this.#size = new WindowedStat(now)
    this.#throttleMs = new WindowedStat(now)
  }

  /** By topic. */
  get topics(): ReadonlyMap<string, { readonly records: number; readonly bytes: number }> {
    return this.#topics
  }

  consumed(topic: string, records: number, bytes: number, now: number): void {
    this.#total.records += records
    this.#total.bytes += bytes
    const counters = this.#topic(topic)
    counters.records += records
    counters.bytes += bytes
    this.#records.add(records, now)
    this.#bytes.add(bytes, now)
  }

  fetched(latencyMs: number, recordBytes: number, throttleMs: number, now: number): void {
    this.#answers++
    this.#latencyMs.add(latencyMs, now)
    this.#size.add(recordBytes, now)
    this.#throttleMs.add(throttleMs, now)
  }

  fetchFailed(): void {
    this.#errors++
  }

  metrics(now: number): FetchMetrics {
    const records = this.#records.read(now)
    const latency = this.#latencyMs.read(now)
    const size = this.#size.read(now)
    const throttle = this.#throttleMs.read(now)
    return {
      recordsConsumedTotal: this.#total.records,
      recordsConsumedRate: records.rate,
      bytesConsumedTotal: this.#total.bytes,
      bytesConsumedRate: this.#bytes.read(now).rate,
      fetchTotal: this.#answers,
      fetchRate: latency.frequency,
      fetchErrorTotal: this.#errors,
      fetchLatencyAvg: latency.avg,
      fetchLatencyMax: latency.max,
      fetchSizeAvg: size.avg,
      fetchSizeMax: size.max,
      recordsPerRequestAvg: latency.frequency === 0 ? 0 : records.rate / latency.frequency,
      fetchThrottleTimeAvg: throttle.avg,
      fetchThrottleTimeMax: throttle.max,
    }
  }

  #topic(name: string): Consumption {
    let counters = this.#topics.get(name)
    if (counters === undefined) this.#topics.set(name, (counters = new Consumption()))
    return counters
  }
}
