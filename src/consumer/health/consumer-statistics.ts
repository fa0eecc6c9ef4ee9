import { WindowedStat } from '../../base/windowed-stat'
import { FetchStatistics } from '../../health/fetch-statistics'
import { HeartbeatStatistics, secondsSince } from '../../health/heartbeat-statistics'
import type { FailureCounts } from '../failures/failure-monitor'
import type {
  ConsumerCoordinatorMetrics,
  ConsumerFetchMetrics,
  ConsumerMetrics,
  ConsumerTopicMetrics,
} from './consumer-metrics'

/** What is read when metrics are asked for. */
export interface ConsumerGauges extends Pick<
  ConsumerFetchMetrics,
  'recordsLagMax' | 'recordsLeadMin' | 'bufferedBytes'
> {
  readonly assignedPartitions: number
  readonly failures: FailureCounts
  /** By topic; only topics that have partitions here. */
  readonly partitions: ReadonlyMap<string, ConsumerTopicMetrics['partitions']>
}

/** Listeners of the user whose duration is measured. */
export type ListenerName = 'onPartitionsAssigned' | 'onPartitionsRevoked' | 'onPartitionsLost'

const nanosecondsPerMs = 1e6
const secondsPerHour = 3600

/** Counts what `consumer.metrics()` shows: once a slice, a request or a rebalance, never once a message. */
export class ConsumerStatistics {
  readonly fetches: FetchStatistics
  readonly heartbeats: HeartbeatStatistics
  readonly #commitMs: WindowedStat
  readonly #joinMs: WindowedStat
  readonly #syncMs: WindowedStat
  readonly #rebalanceMs: WindowedStat
  readonly #failedRebalances: WindowedStat
  readonly #listenerMs: Readonly<Record<ListenerName, WindowedStat>>
  #commits = 0
  #commitErrors = 0
  #commitCallMs = 0
  #lookupMs = 0
  #joins = 0
  #syncs = 0
  #rebalances = 0
  #rebalanceTotalMs = 0
  #rebalancedAt: number | undefined
  #failedRebalanceCount = 0
  #stalls = 0

  /** @param now by the clock whose times the other methods are given */
  constructor(now: number) {
    const stat = () => new WindowedStat(now)
    this.fetches = new FetchStatistics(now)
    this.heartbeats = new HeartbeatStatistics(now)
    this.#commitMs = stat()
    this.#joinMs = stat()
    this.#syncMs = stat()
    this.#rebalanceMs = stat()
    this.#failedRebalances = stat()
    this.#listenerMs = {
      onPartitionsAssigned: stat(),
      onPartitionsRevoked: stat(),
      onPartitionsLost: stat(),
    }
  }

  commitAnswered(latencyMs: number, now: number): void {
    this.#commits++
    this.#commitMs.add(latencyMs, now)
  }

  /** A commit ended, after all its requests. */
  commitEnded(durationMs: number, hasFailed: boolean): void {
    this.#commitCallMs += durationMs
    if (hasFailed) this.#commitErrors++
  }

  committedLookedUp(durationMs: number): void {
    this.#lookupMs += durationMs
  }

  joined(latencyMs: number, now: number): void {
    this.#joins++
    this.#joinMs.add(latencyMs, now)
  }

  synchronised(latencyMs: number, now: number): void {
    this.#syncs++
    this.#syncMs.add(latencyMs, now)
  }

  rebalanced(durationMs: number, now: number): void {
    this.#rebalances++
    this.#rebalanceTotalMs += durationMs
    this.#rebalancedAt = now
    this.#rebalanceMs.add(durationMs, now)
  }

  rebalanceFailed(now: number): void {
    this.#failedRebalanceCount++
    this.#failedRebalances.add(1, now)
  }

  listenerReturned(name: ListenerName, durationMs: number, now: number): void {
    this.#listenerMs[name].add(durationMs, now)
  }

  stallBegan(): void {
    this.#stalls++
  }

  snapshot(gauges: ConsumerGauges, now: number): ConsumerMetrics {
    return {
      ...this.#fetchMetrics(gauges, now),
      ...this.#commitMetrics(now),
      ...this.#membershipMetrics(gauges, now),
      ...this.#rebalanceMetrics(now),
      stallTotal: this.#stalls,
      topics: this.#topicMetrics(gauges),
    }
  }

  #fetchMetrics(
    { recordsLagMax, recordsLeadMin, bufferedBytes, failures }: ConsumerGauges,
    now: number,
  ): ConsumerFetchMetrics {
    return {
      ...this.fetches.metrics(now),
      recordsLagMax,
      recordsLeadMin,
      bufferedBytes,
      recordsRetriedTotal: failures.retried,
      recordsSkippedTotal: failures.skipped,
      recordsDeadLetteredTotal: failures.deadLettered,
    }
  }

  #commitMetrics(now: number) {
    const commit = this.#commitMs.read(now)
    return {
      commitTotal: this.#commits,
      commitRate: commit.frequency,
      commitLatencyAvg: commit.avg,
      commitLatencyMax: commit.max,
      commitErrorTotal: this.#commitErrors,
      commitSyncTimeNsTotal: Math.round(this.#commitCallMs * nanosecondsPerMs),
      committedTimeNsTotal: Math.round(this.#lookupMs * nanosecondsPerMs),
    } satisfies Partial<ConsumerCoordinatorMetrics>
  }

  #membershipMetrics({ assignedPartitions }: ConsumerGauges, now: number) {
    const join = this.#joinMs.read(now)
    const sync = this.#syncMs.read(now)
    return {
      assignedPartitions,
      ...this.heartbeats.metrics(now),
      joinTotal: this.#joins,
      joinRate: join.frequency,
      joinTimeAvg: join.avg,
      joinTimeMax: join.max,
      syncTotal: this.#syncs,
      syncRate: sync.frequency,
      syncTimeAvg: sync.avg,
      syncTimeMax: sync.max,
    } satisfies Partial<ConsumerCoordinatorMetrics>
  }

  #rebalanceMetrics(now: number) {
    const rebalance = this.#rebalanceMs.read(now)
    const assigned = this.#listenerMs.onPartitionsAssigned.read(now)
    const revoked = this.#listenerMs.onPartitionsRevoked.read(now)
    const lost = this.#listenerMs.onPartitionsLost.read(now)
    return {
      rebalanceTotal: this.#rebalances,
      rebalanceRatePerHour: rebalance.frequency * secondsPerHour,
      rebalanceLatencyAvg: rebalance.avg,
      rebalanceLatencyMax: rebalance.max,
      rebalanceLatencyTotal: this.#rebalanceTotalMs,
      failedRebalanceTotal: this.#failedRebalanceCount,
      failedRebalanceRatePerHour: this.#failedRebalances.read(now).frequency * secondsPerHour,
      lastRebalanceSecondsAgo: secondsSince(this.#rebalancedAt, now),
      partitionAssignedLatencyAvg: assigned.avg,
      partitionAssignedLatencyMax: assigned.max,
      partitionRevokedLatencyAvg: revoked.avg,
      partitionRevokedLatencyMax: revoked.max,
      partitionLostLatencyAvg: lost.avg,
      partitionLostLatencyMax: lost.max,
    } satisfies Partial<ConsumerCoordinatorMetrics>
  }

  #topicMetrics({ partitions }: ConsumerGauges): Record<string, ConsumerTopicMetrics> {
    const names = new Set([...this.fetches.topics.keys(), ...partitions.keys()])
    return Object.fromEntries(
      [...names].map((name) => {
        const { records = 0, bytes = 0 } = this.fetches.topics.get(name) ?? {}
        const metrics: ConsumerTopicMetrics = {
          recordsConsumedTotal: records,
          bytesConsumedTotal: bytes,
          partitions: partitions.get(name) ?? {},
        }
        return [name, metrics]
      }),
    )
  }
}
