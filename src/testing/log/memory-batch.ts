import { batchAttributes, batchLayout, readInt64Number } from '../../wire/records/batch-layout'
import type { StoredBatch } from '../contracts/partition-log'

const largestSequence = 0x7fffffff

/** The sequence that lies `by` records behind another; after 2^31 - 1 comes 0. */
function advanceSequence(sequence: number, by: number): number {
  return sequence > largestSequence - by ? by - (largestSequence - sequence) - 1 : sequence + by
}

/** A batch as all replicas hold it. It counts how many logs do, so that its bytes are paid for once. */
export class MemoryBatch implements StoredBatch {
  readonly bytes: Buffer
  readonly baseOffset: bigint
  readonly lastOffset: bigint
  readonly leaderEpoch: number
  readonly attributes: number
  readonly maxTimestamp: number
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly lastSequence: number
  readonly recordsCount: number
  readonly appendedAt: number
  /** Logs that hold the batch. */
  holders = 0
  /** What the compaction of one replica made of it, for the others to share. */
  compactedTo: MemoryBatch | undefined

  /** @param bytes a whole batch of magic 2, its offsets and epoch already those of the log */
  constructor(bytes: Buffer, appendedAt: number) {
    const lastOffsetDelta = bytes.readInt32BE(batchLayout.lastOffsetDelta)
    this.bytes = bytes
    this.baseOffset = bytes.readBigInt64BE(batchLayout.baseOffset)
    this.lastOffset = this.baseOffset + BigInt(lastOffsetDelta)
    this.leaderEpoch = bytes.readInt32BE(batchLayout.partitionLeaderEpoch)
    this.attributes = bytes.readInt16BE(batchLayout.attributes)
    this.maxTimestamp = readInt64Number(bytes, batchLayout.maxTimestamp)
    this.producerId = bytes.readBigInt64BE(batchLayout.producerId)
    this.producerEpoch = bytes.readInt16BE(batchLayout.producerEpoch)
    this.baseSequence = bytes.readInt32BE(batchLayout.baseSequence)
    this.lastSequence = this.baseSequence < 0 ? -1 : advanceSequence(this.baseSequence, lastOffsetDelta)
    this.recordsCount = bytes.readInt32BE(batchLayout.recordsCount)
    this.appendedAt = appendedAt
  }

  /** The batch itself when it came from a log of this kind, else one that is read from the same bytes. */
  static of(batch: StoredBatch): MemoryBatch {
    return batch instanceof MemoryBatch ? batch : new MemoryBatch(batch.bytes, batch.appendedAt)
  }

  get isTransactional(): boolean {
    return (this.attributes & batchAttributes.transactional) !== 0
  }

  get isControl(): boolean {
    return (this.attributes & batchAttributes.control) !== 0
  }

  get isLogAppendTime(): boolean {
    return (this.attributes & batchAttributes.logAppendTime) !== 0
  }
}
