import { DecodeError } from '../../base/errors'
import { crc32, crc32c } from '../crc32c'
import { batchAttributes, batchHeaderBytes, batchLayout, readInt64Number } from './batch-layout'

/** The fields of RecordBatch that are read from its bytes. */
export interface RecordBatchFields {
  readonly buffer: Buffer
  readonly start: number
  readonly end: number
  readonly magic: number
  readonly baseOffset: bigint
  readonly lastOffset: bigint
  readonly partitionLeaderEpoch: number
  readonly crc: number
  readonly attributes: number
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly recordsCount: number
}

/**
 * One batch as it lies in a fetched buffer: its header, decoded; its records, untouched. A message of the old formats
 * (magic 0 and 1) looks the same: it is a batch of one record or, when it wraps a compressed set, of several.
 *
 * `openRecords` reads the records. Nothing is checked by then but sizes; `verifyChecksum` checks the rest.
 */
export class RecordBatch implements RecordBatchFields {
  /** The bytes the batch lies in, from `start` to `end`. */
  readonly buffer: Buffer
  readonly start: number
  readonly end: number
  /** Version of the format: 2, or 0 and 1 in logs written before Kafka 0.11. */
  readonly magic: number
  /**
   * Offset that the records' deltas count from. For a compressed set of the old formats it is known only after
   * opening (see the cursor) and stands here as `lastOffset`.
   */
  readonly baseOffset: bigint
  /** Offset of the last record that the batch had when it was written; it may have been compacted away. */
  readonly lastOffset: bigint
  /** Epoch of the leader that appended the batch, -1 when not known. */
  readonly partitionLeaderEpoch: number
  readonly crc: number
  readonly attributes: number
  /** Milliseconds since 1970; -1 for none. */
  readonly baseTimestamp: number
  /** The highest timestamp; with log append time that of every record. */
  readonly maxTimestamp: number
  /** -1 without idempotence; so are `producerEpoch` and `baseSequence`. */
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
  /** Records in the batch; -1 for a compressed set of the old formats, which does not say it. */
  readonly recordsCount: number

  constructor(fields: RecordBatchFields) {
    this.buffer = fields.buffer
    this.start = fields.start
    this.end = fields.end
    this.magic = fields.magic
    this.baseOffset = fields.baseOffset
    this.lastOffset = fields.lastOffset
    this.partitionLeaderEpoch = fields.partitionLeaderEpoch
    this.crc = fields.crc
    this.attributes = fields.attributes
    this.baseTimestamp = fields.baseTimestamp
    this.maxTimestamp = fields.maxTimestamp
    this.producerId = fields.producerId
    this.producerEpoch = fields.producerEpoch
    this.baseSequence = fields.baseSequence
    this.recordsCount = fields.recordsCount
  }

  /** Bytes of the batch with its header, as it lies there. */
  get sizeInBytes(): number {
    return this.end - this.start
  }

  /** Where a consumer goes on after this batch, also when none of its records is left or wanted. */
  get nextOffset(): bigint {
    return this.lastOffset + 1n
  }

  /** Number of the codec, 0 for none. */
  get compressionType(): number {
    return this.attributes & batchAttributes.compressionMask
  }

  /** True when the broker replaced the records' timestamps by the time it appended them. */
  get isLogAppendTime(): boolean {
    return (this.attributes & batchAttributes.logAppendTime) !== 0
  }

  get isTransactional(): boolean {
    return (this.attributes & batchAttributes.transactional) !== 0
  }

  /** True for the markers that end transactions: never shown to users, always passed over. */
  get isControl(): boolean {
    return (this.attributes & batchAttributes.control) !== 0
  }

  /** True when `baseTimestamp` is the time after which compaction may drop the batch's tombstones. */
  get hasDeleteHorizon(): boolean {
    return (this.attributes & batchAttributes.deleteHorizon) !== 0
  }

  /** True when the bytes are those that were written. One pass over the batch as it lies there, still compressed. */
  hasValidChecksum(): boolean {
    const { buffer, start, end } = this
    if (this.magic < 2) return crc32(buffer, start + batchLayout.magic, end) === this.crc
    return crc32c(buffer, start + batchLayout.attributes, end) === this.crc
  }

  /** Throws DecodeError when the bytes are not those that were written. */
  verifyChecksum(): void {
    if (this.hasValidChecksum()) return
    throw new DecodeError(
      `Corrupt record batch at offset ${this.start} of the fetched bytes (log offsets up to ${this.lastOffset}): ` +
        `its checksum is not ${this.crc}. It was damaged on its way or on the broker's disk`,
    )
  }
}

/** Reads the header of a batch of magic 2 whose bytes are all there. */
export function readBatchHeader(buffer: Buffer, start: number, end: number): RecordBatch {
  if (end - start < batchHeaderBytes) {
    throw new DecodeError(
      `Malformed record batch at offset ${start}: ${end - start} bytes are no whole header`,
    )
  }
  const baseOffset = buffer.readBigInt64BE(start + batchLayout.baseOffset)
  const lastOffsetDelta = buffer.readInt32BE(start + batchLayout.lastOffsetDelta)
  const recordsCount = buffer.readInt32BE(start + batchLayout.recordsCount)
  const attributes = buffer.readInt16BE(start + batchLayout.attributes)
  const recordBytes = end - start - batchHeaderBytes
  if (lastOffsetDelta < 0 || recordsCount < 0) {
    throw new DecodeError(
      `Malformed record batch at offset ${start}: last offset delta ${lastOffsetDelta}, ${recordsCount} records`,
    )
  }
  if ((attributes & batchAttributes.compressionMask) === 0 && recordsCount > recordBytes) {
    throw new DecodeError(
      `Malformed record batch at offset ${start}: ${recordsCount} records in ${recordBytes} bytes`,
    )
  }
  return new RecordBatch({
    buffer,
    start,
    end,
    magic: 2,
    baseOffset,
    lastOffset: baseOffset + BigInt(lastOffsetDelta),
    partitionLeaderEpoch: buffer.readInt32BE(start + batchLayout.partitionLeaderEpoch),
    crc: buffer.readUInt32BE(start + batchLayout.crc),
    attributes,
    baseTimestamp: readInt64Number(buffer, start + batchLayout.baseTimestamp),
    maxTimestamp: readInt64Number(buffer, start + batchLayout.maxTimestamp),
    producerId: buffer.readBigInt64BE(start + batchLayout.producerId),
    producerEpoch: buffer.readInt16BE(start + batchLayout.producerEpoch),
    baseSequence: buffer.readInt32BE(start + batchLayout.baseSequence),
    recordsCount,
  })
}
