import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ConsumerDiagnosticsEvents } from './consumer-diagnostics'
import type { KafkaError } from './errors'
import type { FailureDiagnosticsEvents } from './failure-diagnostics'
import type { ShareConsumerDiagnosticsEvents } from './share-diagnostics'

/** A batch of one partition's messages. */
export interface ProducerBatchEvent {
  readonly clientId: string
  readonly topic: string
  readonly partition: number
  readonly recordCount: number
  /** With its header, compressed where compression is on. */
  readonly byteLength: number
  /** Requests that carried the batch, this one included; 0 when it was never sent. */
  readonly attempt: number
}

/** A batch was put into a request. */
export interface BatchSentEvent extends ProducerBatchEvent {
  readonly nodeId: number
  /** Milliseconds since the batch was opened. */
  readonly queueTimeMs: number
}

/** A batch is in the log. */
export interface BatchAcknowledgedEvent extends ProducerBatchEvent {
  readonly nodeId: number
  /** -1 when it is not known. */
  readonly baseOffset: bigint
  /** Milliseconds since the batch was last sent. */
  readonly latencyMs: number
}

/** An attempt failed, and the batch will be sent again. */
export interface BatchRetriedEvent extends ProducerBatchEvent {
  readonly nodeId: number
  readonly error: KafkaError
  /** `split`: in parts. `renumber`, `renew`: under another epoch or producer id. */
  readonly action: 'retry' | 'split' | 'renumber' | 'renew'
}

/** A batch was given up: its messages' sends reject. */
export interface BatchFailedEvent extends ProducerBatchEvent {
  /** That of the first message, where the broker named the ones to blame. */
  readonly error: KafkaError
}

export interface TransactionEvent {
  readonly clientId: string
  readonly transactionalId: string
}

/** A transaction was committed or aborted. */
export interface TransactionEndedEvent extends TransactionEvent {
  readonly outcome: 'committed' | 'aborted'
  /** Milliseconds since it began. */
  readonly durationMs: number
}

/** The end of a transaction failed; `error` says whether it may be committed all the same. */
export interface TransactionEndFailedEvent extends TransactionEvent {
  readonly call: 'commit' | 'abort'
  readonly error: KafkaError
}

/** A consumer goes on reading elsewhere, because its position was not in the log any more: messages may be missing. */
export interface OffsetResetEvent {
  readonly clientId: string
  /** Null without a group. */
  readonly groupId: string | null
  readonly topic: string
  readonly partition: number
  /**
   * `out-of-range`: deleted, by retention or on demand. `truncated`: lost with a leader (KIP-320). `recreated`: the topic
   * was deleted and created anew.
   */
  readonly reason: 'out-of-range' | 'truncated' | 'recreated'
  /** The offset that was to be read next. */
  readonly fromOffset: bigint
  /** The offset that is read next. */
  readonly toOffset: bigint
  /** Where the log began, as of the last fetch; -1 when it is not known. */
  readonly logStartOffset: bigint
}

/** What is published on which channel of `node:diagnostics_channel`. */
export interface DiagnosticsEvents
  extends ConsumerDiagnosticsEvents, FailureDiagnosticsEvents, ShareConsumerDiagnosticsEvents {
  'typed-kafka:producer:batch-sent': BatchSentEvent
  'typed-kafka:producer:batch-acknowledged': BatchAcknowledgedEvent
  'typed-kafka:producer:batch-retried': BatchRetriedEvent
  'typed-kafka:producer:batch-failed': BatchFailedEvent
  'typed-kafka:producer:transaction-began': TransactionEvent
  'typed-kafka:producer:transaction-ended': TransactionEndedEvent
  'typed-kafka:producer:transaction-end-failed': TransactionEndFailedEvent
  'typed-kafka:consumer:offset-reset': OffsetResetEvent
}

export type DiagnosticsName = keyof DiagnosticsEvents

/** A channel with a type. Whoever publishes asks `hasSubscribers` first, and makes the event only then. */
export interface DiagnosticsChannel<Event> {
  readonly hasSubscribers: boolean
  publish(event: Event): void
}

/** The channel of that name; kept by who publishes on it for as long as the module lives. */
export function diagnosticsChannel<Name extends DiagnosticsName>(
  name: Name,
): DiagnosticsChannel<DiagnosticsEvents[Name]> {
  return channel(name)
}

/**
 * Subscribes to a channel with the type of its events, as `subscribe` of `node:diagnostics_channel` does without.
 * Listeners are called at once, in the middle of the client's work: they note what they need and return. What one
 * throws is an uncaught exception of the process.
 * @returns what ends the subscription
 */
export function onDiagnostics<Name extends DiagnosticsName>(
  name: Name,
  listener: (event: DiagnosticsEvents[Name]) => void,
): () => void {
  const onMessage = (event: unknown): void => listener(event as DiagnosticsEvents[Name])
  subscribe(name, onMessage)
  return () => void unsubscribe(name, onMessage)
}
