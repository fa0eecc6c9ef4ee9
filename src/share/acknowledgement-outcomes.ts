import { isRetriable } from '../base/error-codes'
import { BrokerError, KafkaError } from '../base/errors'
import type { Logger } from '../base/logger'
import { formatTopicPartition } from '../base/topic-partition'
import { acknowledgeCode, acknowledgeName } from './acknowledge-type'
import type { AcknowledgedRange } from '../base/share-diagnostics'
import type { AcknowledgementResult } from './acknowledgement-result'
import type { AcknowledgementRound } from './acknowledgement-round'
import type { AcquiredRecords } from './acquired-records'
import type { OffsetRun } from './offset-runs'

/** Told of acknowledgements that the broker took or refused. */
export type AcknowledgementListener = (results: readonly AcknowledgementResult[]) => void

/** Sees acknowledgements and what becomes of them. */
export interface AcknowledgementObserver {
  /** A request says something of so many messages. */
  acknowledging(messages: number): void
  acknowledgementEnded(nodeId: number, result: AcknowledgementResult): void
}

/** Failures that nobody asked for are kept for so many partitions and kinds of errors. */
const keptFailures = 1000

/** Collects what became of acknowledgements, for the user's listener and for the next `commit`. */
export class AcknowledgementOutcomes {
  readonly #listener: AcknowledgementListener | undefined
  readonly #logger: Logger
  readonly #observer: AcknowledgementObserver
  /** Those that the listener was not told of yet. */
  #untold: AcknowledgementResult[] = []
  /** Failures that no commit has told of yet. */
  #failures: AcknowledgementResult[] = []

  constructor(
    listener: AcknowledgementListener | undefined,
    logger: Logger,
    observer: AcknowledgementObserver,
  ) {
    this.#listener = listener
    this.#logger = logger
    this.#observer = observer
  }

  /** The round is about to be sent. */
  sending(round: AcknowledgementRound): void {
    this.#observer.acknowledging(round.messageCount)
  }

  /** @returns the result; undefined when there is nothing in it that a user knows of */
  add(
    records: AcquiredRecords,
    runs: readonly OffsetRun[],
    error: KafkaError | undefined,
  ): AcknowledgementResult | undefined {
    const ranges = rangesOf(records, runs)
    if (ranges.length === 0) return undefined
    const { topic, partition } = records.partition
    const result: AcknowledgementResult = { topic, partition, ranges, error }
    this.#observer.acknowledgementEnded(records.nodeId, result)
    if (error !== undefined) this.#noteFailure(result, error)
    if (this.#listener !== undefined) {
      if (this.#untold.length === 0) queueMicrotask(() => this.#tell())
      this.#untold.push(result)
    }
    return result
  }

  /** The failures since this was asked last. */
  takeFailures(): AcknowledgementResult[] {
    const failures = this.#failures
    this.#failures = []
    return failures
  }

  #noteFailure(result: AcknowledgementResult, error: KafkaError): void {
    if (this.#failures.length < keptFailures) this.#failures.push(result)
    const isPassing = error instanceof BrokerError && isRetriable(error.errorCode)
    this.#logger[isPassing ? 'info' : 'warn'](
      'Acknowledgements failed: the messages may be delivered again',
      {
        partition: formatTopicPartition(result),
        ranges: result.ranges.length,
        code: error.code,
        reason: error.message,
      },
    )
  }

  #tell(): void {
    const results = this.#untold
    this.#untold = []
    try {
      this.#listener?.(results)
    } catch (error) {
      this.#logger.error("The consumer's onAcknowledged failed", {
        reason: KafkaError.from(error).message,
      })
    }
  }
}

/** Gaps are no messages: nobody is told of them. */
function rangesOf(records: AcquiredRecords, runs: readonly OffsetRun[]): AcknowledgedRange[] {
  const ranges: AcknowledgedRange[] = []
  for (const { first, last, code } of runs) {
    const type = acknowledgeName(code)
    if (code === acknowledgeCode.gap || type === 'gap') continue
    ranges.push({ firstOffset: records.offsetOf(first), lastOffset: records.offsetOf(last), type })
  }
  return ranges
}
