import type { FetchMetrics } from '../../health/fetch-metrics'
import type { HeartbeatMetrics } from '../../health/heartbeat-statistics'

/** What a share consumer read of one topic since it was made. */
export interface ShareTopicMetrics {
  /** `records-consumed-total`. Messages handed out; again when they are delivered again. */
  readonly recordsConsumedTotal: number
  /** `bytes-consumed-total`. Their part of the batches that were read, decompressed. */
  readonly bytesConsumedTotal: number
}

/** What was said of messages, and what brokers made of it. */
export interface ShareAcknowledgementMetrics {
  /** `acknowledgements-send-total`. Messages of which something was sent, renewals included; again when it is sent again. */
  readonly acknowledgementsSendTotal: number
  /** `acknowledgements-send-rate` */
  readonly acknowledgementsSendRate: number
  /** `acknowledgements-error-total`. Messages whose acknowledgements failed, those that came too late to be sent included. */
  readonly acknowledgementsErrorTotal: number
  /** `acknowledgements-error-rate` */
  readonly acknowledgementsErrorRate: number
  /** Messages that brokers took as accepted. Not one of Java's. */
  readonly recordsAcceptedTotal: number
  /** Messages that were given back, to be delivered again. Not one of Java's. */
  readonly recordsReleasedTotal: number
  /** Messages that were given up. Not one of Java's. */
  readonly recordsRejectedTotal: number
  /** Locks that were renewed. Not one of Java's. */
  readonly recordsRenewedTotal: number
  /** Messages whose locks ended before they were acknowledged. Not one of Java's. */
  readonly recordsExpiredTotal: number
}

/**
 * What a share consumer did and how it stands, by the names of Java's metrics. Totals count from the consumer's start.
 * Averages, maxima and rates are those of the last 30 to 60 seconds, and 0 when nothing happened; rates are by second.
 */
export interface ShareConsumerMetrics extends FetchMetrics, HeartbeatMetrics, ShareAcknowledgementMetrics {
  /** `records-per-request-max`. Offsets acquired by one fetch; `recordsPerRequestAvg` counts the same. */
  readonly recordsPerRequestMax: number
  /** Offsets that are locked for this member now. Not one of Java's. */
  readonly recordsHeld: number
  /** Bytes that were fetched and wait, those decompressed and those asked for included. Not one of Java's. */
  readonly bufferedBytes: number
  /** Partitions that this member reads now. Not one of Java's for share groups. */
  readonly assignedPartitions: number
  /** `rebalance-total`. Times the group changed what this member reads; its first partitions are one. */
  readonly rebalanceTotal: number
  /** `rebalance-rate-per-hour` */
  readonly rebalanceRatePerHour: number
  /** Stalls that began, of all kinds (see `shareConsumer.health()`). Not one of Java's. */
  readonly stallTotal: number
  /** By the topic's name. */
  readonly topics: Readonly<Record<string, ShareTopicMetrics>>
}
