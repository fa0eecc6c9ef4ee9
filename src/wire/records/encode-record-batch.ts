import { crc32c } from '../crc32c'
import { batchAttributes, batchHeaderBytes, batchLayout, writeBatchHeader } from './batch-layout'
import { type CompressionType, compressionTypes } from './compression/codec'
import { codecNamed } from './compression/codecs'
import { RecordBatchBuilder } from './record-batch-builder'
import type { RecordHeader } from './record-header'

/** A record of a whole batch that is given as an array. */
export interface RecordInput {
  /** Counted from the batch's base offset; must ascend. Default: one more than the record before, 0 for the first. */
  readonly offsetDelta?: number
  /** Milliseconds since 1970, an integer. */
  readonly timestamp: number
  readonly key: Uint8Array | string | null
  readonly value: Uint8Array | string | null
  readonly headers?: readonly RecordHeader[]
}

/** Everything a batch can say of itself. */
export interface RecordBatchInput {
  readonly records: readonly RecordInput[]
  /** Default: 0. */
  readonly baseOffset?: bigint
  /** Default: that of the last record; higher when compaction removed the last ones. */
  readonly lastOffsetDelta?: number
  /** Default: -1. */
  readonly partitionLeaderEpoch?: number
  /** Default: none. */
  readonly compression?: CompressionType
  readonly level?: number
  /** Milliseconds that replace the records' timestamps, as a broker does with `message.timestamp.type=LogAppendTime`. */
  readonly logAppendTime?: number
  /** Default: false. */
  readonly isTransactional?: boolean
  /** Default: false. */
  readonly isControl?: boolean
  /** Default: -1; so are the next two. */
  readonly producerId?: bigint
  readonly producerEpoch?: number
  readonly baseSequence?: number
}

/**
 * Encodes a whole batch with any attributes and offsets, as it lies in a log. For those who play a broker, and for
 * tests; a producer fills a RecordBatchBuilder instead.
 */
export function encodeRecordBatch(input: RecordBatchInput): Buffer {
  const builder = new RecordBatchBuilder()
  for (const record of input.records) {
    const { timestamp, key, value, headers = null } = record
    builder.appendAt(record.offsetDelta ?? builder.lastOffsetDelta + 1, timestamp, key, value, headers)
  }
  const { compression = 'none' } = input
  const records = codecNamed(compression)?.compress(builder.records, input.level) ?? builder.records
  const batch = Buffer.allocUnsafe(batchHeaderBytes + records.length)
  batch.set(records, batchHeaderBytes)
  writeBatchHeader(batch, batch.length, {
    baseOffset: input.baseOffset ?? 0n,
    partitionLeaderEpoch: input.partitionLeaderEpoch ?? -1,
    attributes: attributesOf(input, compression),
    lastOffsetDelta: input.lastOffsetDelta ?? Math.max(builder.lastOffsetDelta, 0),
    baseTimestamp: builder.baseTimestamp,
    maxTimestamp: input.logAppendTime ?? builder.maxTimestamp,
    producerId: input.producerId ?? -1n,
    producerEpoch: input.producerEpoch ?? -1,
    baseSequence: input.baseSequence ?? -1,
    recordsCount: builder.count,
  })
  batch.writeUInt32BE(crc32c(batch, batchLayout.attributes), batchLayout.crc)
  return batch
}

function attributesOf(input: RecordBatchInput, compression: CompressionType): number {
  let attributes: number = compressionTypes[compression]
  if (input.logAppendTime !== undefined) attributes |= batchAttributes.logAppendTime
  if (input.isTransactional) attributes |= batchAttributes.transactional
  if (input.isControl) attributes |= batchAttributes.control
  return attributes
}
