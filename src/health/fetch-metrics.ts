/** What fetches brought, and what they took: the same for consumers of every kind. */
export interface FetchMetrics {
  /** `records-consumed-total`. Messages handed out; again when they are delivered again. */
  readonly recordsConsumedTotal: number
  /** `records-consumed-rate` */
  readonly recordsConsumedRate: number
  /** `bytes-consumed-total`. Bytes of the batches that were read, decompressed. */
  readonly bytesConsumedTotal: number
  /** `bytes-consumed-rate` */
  readonly bytesConsumedRate: number
  /** `fetch-total`. Fetch requests that were answered. */
  readonly fetchTotal: number
  /** `fetch-rate` */
  readonly fetchRate: number
  /** Fetch requests without an answer: failed connections, timeouts. Not one of Java's. */
  readonly fetchErrorTotal: number
  /** `fetch-latency-avg`. Milliseconds; a broker without news holds an answer back for up to `fetchMaxWaitMs`. */
  readonly fetchLatencyAvg: number
  /** `fetch-latency-max` */
  readonly fetchLatencyMax: number
  /** `fetch-size-avg`. Bytes of records in an answer. */
  readonly fetchSizeAvg: number
  /** `fetch-size-max` */
  readonly fetchSizeMax: number
  /** `records-per-request-avg`. Messages handed out by fetches answered. */
  readonly recordsPerRequestAvg: number
  /** `fetch-throttle-time-avg`. Milliseconds for which brokers asked to pause because of a quota. */
  readonly fetchThrottleTimeAvg: number
  /** `fetch-throttle-time-max` */
  readonly fetchThrottleTimeMax: number
}
