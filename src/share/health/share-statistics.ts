import { WindowedStat } from '../../base/windowed-stat'
import { FetchStatistics } from '../../health/fetch-statistics'
import { HeartbeatStatistics } from '../../health/heartbeat-statistics'
import type { AcknowledgedRange } from '../../base/share-diagnostics'
import type { AcknowledgementResult } from '../acknowledgement-result'
import type {
  ShareAcknowledgementMetrics,
  ShareConsumerMetrics,
  ShareTopicMetrics,
} from './share-consumer-metrics'

/** What is read when metrics are asked for. */
export type ShareGauges = Pick<ShareConsumerMetrics, 'recordsHeld' | 'bufferedBytes' | 'assignedPartitions'>

const secondsPerHour = 3600

/** Counts what `shareConsumer.metrics()` shows: once a slice, a request or an answer, never once a message. */
export class ShareStatistics {
  readonly fetches: FetchStatistics
  readonly heartbeats: HeartbeatStatistics
  readonly #acquired: WindowedStat
  readonly #said: WindowedStat
  readonly #failed: WindowedStat
  readonly #rebalances: WindowedStat
  readonly #taken = { accept: 0, release: 0, reject: 0, renew: 0 }
  #saidCount = 0
  #failedCount = 0
  #expired = 0
  #rebalanceCount = 0
  #stalls = 0

  /** @param now by the clock whose times the other methods are given */
  constructor(now: number) {
    this.fetches = new FetchStatistics(now)
    this.heartbeats = new HeartbeatStatistics(now)
    this.#acquired = new WindowedStat(now)
    this.#said = new WindowedStat(now)
    this.#failed = new WindowedStat(now)
    this.#rebalances = new WindowedStat(now)
  }

  /** A fetch was answered with so many offsets. */
  acquired(count: number, now: number): void {
    this.#acquired.add(count, now)
  }

  /** A request says something of so many messages. */
  acknowledging(count: number, now: number): void {
    this.#saidCount += count
    this.#said.add(count, now)
  }

  acknowledgementEnded({ ranges, error }: AcknowledgementResult, now: number): void {
    if (error === undefined) {
      for (const range of ranges) this.#taken[range.type] += sizeOf(range)
      return
    }
    const count = ranges.reduce((sum, range) => sum + sizeOf(range), 0)
    this.#failedCount += count
    this.#failed.add(count, now)
  }

  locksExpired(count: number): void {
    this.#expired += count
  }

  rebalanced(now: number): void {
    this.#rebalanceCount++
    this.#rebalances.add(1, now)
  }

  stallBegan(): void {
    this.#stalls++
  }

  snapshot(gauges: ShareGauges, now: number): ShareConsumerMetrics {
    const acquired = this.#acquired.read(now)
    return {
      ...this.fetches.metrics(now),
      recordsPerRequestAvg: acquired.avg,
      recordsPerRequestMax: acquired.max,
      ...this.#acknowledgementMetrics(now),
      ...this.heartbeats.metrics(now),
      ...gauges,
      rebalanceTotal: this.#rebalanceCount,
      rebalanceRatePerHour: this.#rebalances.read(now).frequency * secondsPerHour,
      stallTotal: this.#stalls,
      topics: this.#topicMetrics(),
    }
  }

  #acknowledgementMetrics(now: number): ShareAcknowledgementMetrics {
    const { accept, release, reject, renew } = this.#taken
    return {
      acknowledgementsSendTotal: this.#saidCount,
      acknowledgementsSendRate: this.#said.read(now).rate,
      acknowledgementsErrorTotal: this.#failedCount,
      acknowledgementsErrorRate: this.#failed.read(now).rate,
      recordsAcceptedTotal: accept,
      recordsReleasedTotal: release,
      recordsRejectedTotal: reject,
      recordsRenewedTotal: renew,
      recordsExpiredTotal: this.#expired,
    }
  }

  #topicMetrics(): Record<string, ShareTopicMetrics> {
    const entries = [...this.fetches.topics].map(([name, { records, bytes }]) => [
      name,
      { recordsConsumedTotal: records, bytesConsumedTotal: bytes } satisfies ShareTopicMetrics,
    ])
    return Object.fromEntries(entries) as Record<string, ShareTopicMetrics>
  }
}

/** How many offsets it has. */
function sizeOf({ firstOffset, lastOffset }: AcknowledgedRange): number {
  return Number(lastOffset - firstOffset) + 1
}
