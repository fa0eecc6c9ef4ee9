import type { Clock } from '../base/clock'
import {
  type BatchRetriedEvent,
  diagnosticsChannel,
  type ProducerBatchEvent,
  type TransactionEndedEvent,
} from '../base/diagnostics'
import type { KafkaError } from '../base/errors'
import type { ProducerBatch } from './producer-batch'
import {
  type ProducerGauges,
  type ProducerMetrics,
  ProducerStatistics,
  type TimedCall,
} from './producer-metrics'

const batchSent = diagnosticsChannel('typed-kafka:producer:batch-sent')
const batchAcknowledged = diagnosticsChannel('typed-kafka:producer:batch-acknowledged')
const batchRetried = diagnosticsChannel('typed-kafka:producer:batch-retried')
const batchFailed = diagnosticsChannel('typed-kafka:producer:batch-failed')
const transactionBegan = diagnosticsChannel('typed-kafka:producer:transaction-began')
const transactionEnded = diagnosticsChannel('typed-kafka:producer:transaction-ended')
const transactionEndFailed = diagnosticsChannel('typed-kafka:producer:transaction-end-failed')

/**
 * Is told what happens to batches, requests and transactions; counts it for `producer.metrics()`, and publishes it
 * where someone has subscribed. Decides nothing.
 */
export class ProducerMonitor {
  readonly #clientId: string
  readonly #clock: Clock
  readonly #statistics: ProducerStatistics

  constructor(clientId: string, clock: Clock) {
    this.#clientId = clientId
    this.#clock = clock
    this.#statistics = new ProducerStatistics(clock.now())
  }

  metrics(gauges: ProducerGauges): ProducerMetrics {
    return this.#statistics.snapshot(gauges, this.#clock.now())
  }

  /** The batch, sealed, goes into a request to that broker. */
  batchSent(batch: ProducerBatch, nodeId: number): void {
    const now = this.#clock.now()
    const queueTimeMs = now - batch.createdAt
    batch.sentAt = now
    this.#statistics.batchSent(
      {
        topic: batch.queue.topic,
        recordCount: batch.recordCount,
        sentBytes: sizeOf(batch),
        uncompressedBytes: batch.builder.byteLength,
        queueTimeMs,
        isRetry: batch.attempts > 1,
      },
      now,
    )
    if (batchSent.hasSubscribers) batchSent.publish({ ...this.#event(batch), nodeId, queueTimeMs })
  }

  batchAcknowledged(batch: ProducerBatch, nodeId: number, baseOffset: bigint): void {
    if (!batchAcknowledged.hasSubscribers) return
    const latencyMs = this.#clock.now() - batch.sentAt
    batchAcknowledged.publish({ ...this.#event(batch), nodeId, baseOffset, latencyMs })
  }

  /** The batch's `lastError` does not end it. */
  batchRetried(batch: ProducerBatch, nodeId: number, action: BatchRetriedEvent['action']): void {
    if (action === 'split') this.#statistics.batchSplit()
    const error = batch.lastError
    if (!batchRetried.hasSubscribers || error === undefined) return
    batchRetried.publish({ ...this.#event(batch), nodeId, error, action })
  }

  batchFailed(batch: ProducerBatch, errorOf: (record: number) => KafkaError): void {
    this.#statistics.batchFailed(batch.queue.topic, batch.recordCount, this.#clock.now())
    if (batchFailed.hasSubscribers) batchFailed.publish({ ...this.#event(batch), error: errorOf(0) })
  }

  /** Answers when, for `requestEnded`. */
  requestSent(recordCount: number): number {
    const now = this.#clock.now()
    this.#statistics.requestSent(recordCount, now)
    return now
  }

  /** @param throttleMs undefined when there was no answer */
  requestEnded(sentAt: number, throttleMs: number | undefined): void {
    const now = this.#clock.now()
    this.#statistics.requestEnded(now - sentAt, throttleMs, now)
  }

  bufferExhausted(): void {
    this.#statistics.bufferExhausted()
  }

  /** Adds the duration of `work` to that of the calls of its kind, however it ends. */
  async timed<Result>(call: TimedCall, work: () => Promise<Result>): Promise<Result> {
    const startedAt = this.#clock.now()
    try {
      return await work()
    } finally {
      this.#statistics.callEnded(call, this.#clock.now() - startedAt)
    }
  }

  /** Answers when, for `transactionEnded`. */
  transactionBegan(transactionalId: string): number {
    if (transactionBegan.hasSubscribers) {
      transactionBegan.publish({ clientId: this.#clientId, transactionalId })
    }
    return this.#clock.now()
  }

  transactionEnded(
    transactionalId: string,
    outcome: TransactionEndedEvent['outcome'],
    beganAt: number,
  ): void {
    if (!transactionEnded.hasSubscribers) return
    const durationMs = this.#clock.now() - beganAt
    transactionEnded.publish({ clientId: this.#clientId, transactionalId, outcome, durationMs })
  }

  transactionEndFailed(transactionalId: string, call: 'commit' | 'abort', error: KafkaError): void {
    if (!transactionEndFailed.hasSubscribers) return
    transactionEndFailed.publish({ clientId: this.#clientId, transactionalId, call, error })
  }

  #event(batch: ProducerBatch): ProducerBatchEvent {
    const { topic, partition } = batch.queue
    const { recordCount, attempts: attempt } = batch
    return { clientId: this.#clientId, topic, partition, recordCount, byteLength: sizeOf(batch), attempt }
  }
}

function sizeOf(batch: ProducerBatch): number {
  return batch.sealed?.byteLength ?? batch.builder.byteLength
}
