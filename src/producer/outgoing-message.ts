import type { HeadersInput } from '../serde/headers'
import type { CompressionType } from '../wire/records/compression/codec'
import type { CompressionOptions } from './producer-options'

interface OutgoingParts<ValueInput> {
  readonly value: ValueInput
  readonly headers?: HeadersInput | undefined
  /** Goes to this partition; by default the partitioner chooses. */
  readonly partition?: number | undefined
  /** Milliseconds since 1970, or a Date; by default the time of the call. */
  readonly timestamp?: number | Date | undefined
}

/** One message for `send`. The key may be left out exactly where the topic's key serde takes undefined. */
export type OutgoingMessage<KeyInput, ValueInput> = OutgoingParts<ValueInput> &
  (undefined extends KeyInput ? { readonly key?: KeyInput } : { readonly key: KeyInput })

/** A message as the engine sees it, whatever the topic's types are. */
export interface UntypedMessage extends OutgoingParts<unknown> {
  readonly key?: unknown
}

/** Where a delivered message stands in the log. */
export interface Receipt {
  readonly topic: string
  readonly partition: number
  /**
   * -1 when it is not known: with `acks` 0, and when the broker recognised the message as one it already had but no
   * longer knew its offset.
   */
  readonly offset: bigint
  /** Milliseconds since 1970: the message's own, or the broker's where the topic has log append time. */
  readonly timestamp: number
}

/** What one call of `send` has of its own. */
export interface SendOptions {
  /** Ends the wait for metadata and buffer memory; never leaves a message half sent. */
  readonly signal?: AbortSignal | undefined
  /**
   * Milliseconds to wait for metadata and buffer memory; by default `maxBlockMs`. Once a message is buffered
   * `deliveryTimeoutMs` counts.
   */
  readonly timeoutMs?: number | undefined
  /**
   * How the batches of this call are compressed; by default as the producer's option `compression` says. Calls that
   * differ in it share no batch, so that a partition that gets both in turn gets small ones. Their order is kept.
   */
  readonly compression?: CompressionType | CompressionOptions | undefined
  /**
   * Milliseconds that a leader may wait for its in-sync replicas, as the request tells it (`timeout.ms` of Produce).
   * What it answers then, REQUEST_TIMED_OUT, is tried again. At most, and by default, `requestTimeoutMs`.
   */
  readonly acknowledgementTimeoutMs?: number | undefined
}
