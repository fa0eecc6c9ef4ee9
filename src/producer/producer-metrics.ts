import { WindowedStat } from '../base/windowed-stat'

/** What a producer did with one topic since it was made. */
export interface ProducerTopicMetrics {
  /** `record-send-total`. Messages put into requests; again with each retry. */
  readonly recordSendTotal: number
  /** `record-retry-total`. Of them, those that had been sent before. */
  readonly recordRetryTotal: number
  /** `record-error-total`. Messages of batches that were given up. */
  readonly recordErrorTotal: number
  /** `byte-total`. Bytes of the batches that were sent, as they were sent. */
  readonly byteTotal: number
  /** `compression-rate`, over all that was sent: compressed size by size; 1 without compression, 0 before anything was sent. */
  readonly compressionRate: number
}

/**
 * What a producer did and how it stands, by the names of Java's metrics. Totals count from the producer's start.
 * Averages, maxima and rates are those of the last 30 to 60 seconds, and 0 when nothing happened; rates are by second.
 */
export interface ProducerMetrics {
  /** `record-send-total`. Messages put into requests; again with each retry. */
  readonly recordSendTotal: number
  /** `record-send-rate` */
  readonly recordSendRate: number
  /** `record-retry-total`. Messages that were sent again. */
  readonly recordRetryTotal: number
  /** `record-retry-rate` */
  readonly recordRetryRate: number
  /** `record-error-total`. Messages of batches that were given up. */
  readonly recordErrorTotal: number
  /** `record-error-rate` */
  readonly recordErrorRate: number
  /** `byte-total`. Bytes of the batches that were sent, as they were sent. */
  readonly byteTotal: number
  /** `byte-rate` */
  readonly byteRate: number
  /** `batch-size-avg`. Bytes of a batch as it was sent. */
  readonly batchSizeAvg: number
  /** `batch-size-max` */
  readonly batchSizeMax: number
  /** `batch-split-total`. Batches a broker found too large, sent again in parts. */
  readonly batchSplitTotal: number
  /** `compression-rate-avg`. Compressed size by size; 1 without compression. */
  readonly compressionRateAvg: number
  /** `record-queue-time-avg`. Milliseconds from the opening of a batch to a request with it. */
  readonly recordQueueTimeAvg: number
  /** `record-queue-time-max` */
  readonly recordQueueTimeMax: number
  /** `records-per-request-avg` */
  readonly recordsPerRequestAvg: number
  /** `request-total`. Produce requests. */
  readonly requestTotal: number
  /** `request-latency-avg`. Milliseconds from a Produce request to its outcome. */
  readonly requestLatencyAvg: number
  /** `request-latency-max` */
  readonly requestLatencyMax: number
  /** `requests-in-flight`. Produce requests without an outcome. */
  readonly requestsInFlight: number
  /** `produce-throttle-time-avg`. Milliseconds that brokers held answers back, or asked for a pause, because of a quota. */
  readonly produceThrottleTimeAvg: number
  /** `produce-throttle-time-max` */
  readonly produceThrottleTimeMax: number
  /** `buffer-total-bytes`. The option `bufferMemoryBytes`. */
  readonly bufferTotalBytes: number
  /** `buffer-available-bytes` */
  readonly bufferAvailableBytes: number
  /** `waiting-threads`. Calls of `send` that wait for metadata or for memory. */
  readonly waitingCalls: number
  /** `buffer-exhausted-total`. Calls that found no memory in their time. */
  readonly bufferExhaustedTotal: number
  /** `flush-time-ns-total` */
  readonly flushTimeNsTotal: number
  /** `txn-init-time-ns-total` */
  readonly txnInitTimeNsTotal: number
  /** `txn-begin-time-ns-total` */
  readonly txnBeginTimeNsTotal: number
  /** `txn-send-offsets-time-ns-total` */
  readonly txnSendOffsetsTimeNsTotal: number
  /** `txn-commit-time-ns-total` */
  readonly txnCommitTimeNsTotal: number
  /** `txn-abort-time-ns-total` */
  readonly txnAbortTimeNsTotal: number
  /** By the topic's name. */
  readonly topics: Readonly<Record<string, ProducerTopicMetrics>>
}

/** What is read when metrics are asked for. */
export type ProducerGauges = Pick<
  ProducerMetrics,
  'bufferTotalBytes' | 'bufferAvailableBytes' | 'waitingCalls'
>

/** Calls whose duration is added up. */
export type TimedCall = 'flush' | 'txnInit' | 'txnBegin' | 'txnSendOffsets' | 'txnCommit' | 'txnAbort'

/** What the statistics take from a batch that is sent. */
export interface SentBatch {
  readonly topic: string
  readonly recordCount: number
  readonly sentBytes: number
  readonly uncompressedBytes: number
  readonly queueTimeMs: number
  readonly isRetry: boolean
}

class TopicCounters {
  sent = 0
  retried = 0
  failed = 0
  bytes = 0
  uncompressedBytes = 0
}

const nanosecondsPerMs = 1e6

/** Counts what `producer.metrics()` shows: once a batch or a request, never once a message. */
export class ProducerStatistics {
  readonly #total = new TopicCounters()
  readonly #topics = new Map<string, TopicCounters>()
  readonly #callTimeMs = { flush: 0, txnInit: 0, txnBegin: 0, txnSendOffsets: 0, txnCommit: 0, txnAbort: 0 }
  readonly #recordsOfRequest: WindowedStat
  readonly #retries: WindowedStat
  readonly #errors: WindowedStat
  readonly #batchBytes: WindowedStat
  readonly #queueTimeMs: WindowedStat
  readonly #compression: WindowedStat
  readonly #latencyMs: WindowedStat
  readonly #throttleMs: WindowedStat
  #requests = 0
  #inFlight = 0
  #splits = 0
  #bufferExhausted = 0

  /** @param now by the clock whose times the other methods are given */
  constructor(now: number) {
    this.#recordsOfRequest = new WindowedStat(now)
    this.#retries = new WindowedStat(now)
    this.#errors = new WindowedStat(now)
    this.#batchBytes = new WindowedStat(now)
    this.#queueTimeMs = new WindowedStat(now)
    this.#compression = new WindowedStat(now)
    this.#latencyMs = new WindowedStat(now)
    this.#throttleMs = new WindowedStat(now)
  }

  batchSent(batch: SentBatch, now: number): void {
    const { recordCount, sentBytes, uncompressedBytes } = batch
    for (const counters of [this.#total, this.#topic(batch.topic)]) {
      counters.sent += recordCount
      counters.bytes += sentBytes
      counters.uncompressedBytes += uncompressedBytes
      if (batch.isRetry) counters.retried += recordCount
    }
    this.#batchBytes.add(sentBytes, now)
    this.#queueTimeMs.add(batch.queueTimeMs, now)
    this.#compression.add(sentBytes / uncompressedBytes, now)
    if (batch.isRetry) this.#retries.add(recordCount, now)
  }

  batchFailed(topic: string, recordCount: number, now: number): void {
    this.#total.failed += recordCount
    this.#topic(topic).failed += recordCount
    this.#errors.add(recordCount, now)
  }

  batchSplit(): void {
    this.#splits++
  }

  requestSent(recordCount: number, now: number): void {
    this.#requests++
    this.#inFlight++
    this.#recordsOfRequest.add(recordCount, now)
  }

  /** @param throttleMs undefined when there was no answer */
  requestEnded(latencyMs: number, throttleMs: number | undefined, now: number): void {
    this.#inFlight--
    this.#latencyMs.add(latencyMs, now)
    if (throttleMs !== undefined) this.#throttleMs.add(throttleMs, now)
  }

  bufferExhausted(): void {
    this.#bufferExhausted++
  }

  callEnded(call: TimedCall, ms: number): void {
    this.#callTimeMs[call] += ms
  }

  snapshot(gauges: ProducerGauges, now: number): ProducerMetrics {
    const records = this.#recordsOfRequest.read(now)
    const batchBytes = this.#batchBytes.read(now)
    const queueTime = this.#queueTimeMs.read(now)
    const latency = this.#latencyMs.read(now)
    const throttle = this.#throttleMs.read(now)
    const total = topicMetrics(this.#total)
    return {
      recordSendTotal: total.recordSendTotal,
      recordSendRate: records.rate,
      recordRetryTotal: total.recordRetryTotal,
      recordRetryRate: this.#retries.read(now).rate,
      recordErrorTotal: total.recordErrorTotal,
      recordErrorRate: this.#errors.read(now).rate,
      byteTotal: total.byteTotal,
      byteRate: batchBytes.rate,
      batchSizeAvg: batchBytes.avg,
      batchSizeMax: batchBytes.max,
      batchSplitTotal: this.#splits,
      compressionRateAvg: this.#compression.read(now).avg,
      recordQueueTimeAvg: queueTime.avg,
      recordQueueTimeMax: queueTime.max,
      recordsPerRequestAvg: records.avg,
      requestTotal: this.#requests,
      requestLatencyAvg: latency.avg,
      requestLatencyMax: latency.max,
      requestsInFlight: this.#inFlight,
      produceThrottleTimeAvg: throttle.avg,
      produceThrottleTimeMax: throttle.max,
      ...gauges,
      bufferExhaustedTotal: this.#bufferExhausted,
      ...this.#callTimes(),
      topics: Object.fromEntries([...this.#topics].map(([name, topic]) => [name, topicMetrics(topic)])),
    }
  }

  #callTimes() {
    const ms = this.#callTimeMs
    return {
      flushTimeNsTotal: Math.round(ms.flush * nanosecondsPerMs),
      txnInitTimeNsTotal: Math.round(ms.txnInit * nanosecondsPerMs),
      txnBeginTimeNsTotal: Math.round(ms.txnBegin * nanosecondsPerMs),
      txnSendOffsetsTimeNsTotal: Math.round(ms.txnSendOffsets * nanosecondsPerMs),
      txnCommitTimeNsTotal: Math.round(ms.txnCommit * nanosecondsPerMs),
      txnAbortTimeNsTotal: Math.round(ms.txnAbort * nanosecondsPerMs),
    }
  }

  #topic(name: string): TopicCounters {
    let counters = this.#topics.get(name)
    if (counters === undefined) this.#topics.set(name, (counters = new TopicCounters()))
    return counters
  }
}

function topicMetrics(counters: TopicCounters): ProducerTopicMetrics {
  const { sent, retried, failed, bytes, uncompressedBytes } = counters
  return {
    recordSendTotal: sent,
    recordRetryTotal: retried,
    recordErrorTotal: failed,
    byteTotal: bytes,
    compressionRate: uncompressedBytes === 0 ? 0 : bytes / uncompressedBytes,
  }
}
