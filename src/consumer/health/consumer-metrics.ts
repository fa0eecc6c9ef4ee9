import type { FetchMetrics } from '../../health/fetch-metrics'
import type { HeartbeatMetrics } from '../../health/heartbeat-statistics'

/** What a consumer read of one partition that it has now. */
export interface ConsumerPartitionMetrics {
  /** `records-lag`. Offsets from the position to the log's end; undefined while a broker has not told it. */
  readonly recordsLag: number | undefined
  /** `records-lead`. Offsets from the log's start to the position; undefined while a broker has not told it. */
  readonly recordsLead: number | undefined
}

/** What a consumer read of one topic since it was made. */
export interface ConsumerTopicMetrics {
  /** `records-consumed-total`. Messages handed out; again when they are delivered again. */
  readonly recordsConsumedTotal: number
  /** `bytes-consumed-total`. Bytes of the batches that were read, decompressed. */
  readonly bytesConsumedTotal: number
  /** By the partition's number; only those that are assigned now. */
  readonly partitions: Readonly<Record<number, ConsumerPartitionMetrics>>
}

/** Requests that fetch messages, and what they brought. */
export interface ConsumerFetchMetrics extends FetchMetrics {
  /** `records-lag-max`: of the partitions assigned now; undefined while no lag is known. */
  readonly recordsLagMax: number | undefined
  /** `records-lead-min`: of the partitions assigned now; undefined while none is known. */
  readonly recordsLeadMin: number | undefined
  /** Bytes that were fetched and wait, those decompressed included; at most about `fetchMemoryBytes`. Not one of Java's. */
  readonly bufferedBytes: number
  /** Attempts of handlers that failed and were followed by another one. Not one of Java's. */
  readonly recordsRetriedTotal: number
  /** Messages that were skipped after their handlers failed. Not one of Java's. */
  readonly recordsSkippedTotal: number
  /** Messages that were sent to a dead-letter topic. Not one of Java's. */
  readonly recordsDeadLetteredTotal: number
}

/** Membership, rebalances and commits. */
export interface ConsumerCoordinatorMetrics extends HeartbeatMetrics {
  /** `assigned-partitions` */
  readonly assignedPartitions: number
  /** `commit-total`. OffsetCommit requests that were answered. */
  readonly commitTotal: number
  /** `commit-rate` */
  readonly commitRate: number
  /** `commit-latency-avg`. Milliseconds of one request. */
  readonly commitLatencyAvg: number
  /** `commit-latency-max` */
  readonly commitLatencyMax: number
  /** Commits that failed, after their retries. Not one of Java's. */
  readonly commitErrorTotal: number
  /** `commit-sync-time-ns-total`. Nanoseconds in commits, automatic ones included, retries included. */
  readonly commitSyncTimeNsTotal: number
  /** `committed-time-ns-total`. Nanoseconds in look-ups of committed positions. */
  readonly committedTimeNsTotal: number
  /** `rebalance-total`. Rebalances this member went through; its first join is one. */
  readonly rebalanceTotal: number
  /** `rebalance-rate-per-hour` */
  readonly rebalanceRatePerHour: number
  /** `rebalance-latency-avg`. Milliseconds from the member's first step to the return of its listeners. */
  readonly rebalanceLatencyAvg: number
  /** `rebalance-latency-max` */
  readonly rebalanceLatencyMax: number
  /** `rebalance-latency-total` */
  readonly rebalanceLatencyTotal: number
  /** `failed-rebalance-total`. Requests to join or to synchronise that failed or were refused. */
  readonly failedRebalanceTotal: number
  /** `failed-rebalance-rate-per-hour` */
  readonly failedRebalanceRatePerHour: number
  /** `last-rebalance-seconds-ago`; -1 before the first. */
  readonly lastRebalanceSecondsAgo: number
  /** `join-total`. JoinGroup requests that succeeded; 0 with KIP-848, which has none. */
  readonly joinTotal: number
  /** `join-rate` */
  readonly joinRate: number
  /** `join-time-avg`. Milliseconds. */
  readonly joinTimeAvg: number
  /** `join-time-max` */
  readonly joinTimeMax: number
  /** `sync-total`. SyncGroup requests that succeeded; 0 with KIP-848, which has none. */
  readonly syncTotal: number
  /** `sync-rate` */
  readonly syncRate: number
  /** `sync-time-avg`. Milliseconds. */
  readonly syncTimeAvg: number
  /** `sync-time-max` */
  readonly syncTimeMax: number
  /** `partition-assigned-latency-avg`. Milliseconds in `onPartitionsAssigned`. */
  readonly partitionAssignedLatencyAvg: number
  /** `partition-assigned-latency-max` */
  readonly partitionAssignedLatencyMax: number
  /** `partition-revoked-latency-avg`. Milliseconds in `onPartitionsRevoked`. */
  readonly partitionRevokedLatencyAvg: number
  /** `partition-revoked-latency-max` */
  readonly partitionRevokedLatencyMax: number
  /** `partition-lost-latency-avg`. Milliseconds in `onPartitionsLost`. */
  readonly partitionLostLatencyAvg: number
  /** `partition-lost-latency-max` */
  readonly partitionLostLatencyMax: number
  /** Stalls that began, of all kinds (see `consumer.health()`). Not one of Java's. */
  readonly stallTotal: number
}

/**
 * What a consumer did and how it stands, by the names of Java's metrics. Totals count from the consumer's start.
 * Averages, maxima and rates are those of the last 30 to 60 seconds, and 0 when nothing happened; rates are by second.
 */
export interface ConsumerMetrics extends ConsumerFetchMetrics, ConsumerCoordinatorMetrics {
  /** By the topic's name. */
  readonly topics: Readonly<Record<string, ConsumerTopicMetrics>>
}
