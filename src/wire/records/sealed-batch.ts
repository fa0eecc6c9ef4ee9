import { crc32c } from '../crc32c'
import type { RecordBytes } from '../primitives/writer'
import { batchAttributes, batchHeaderBytes, batchLayout, writeBatchHeader } from './batch-layout'

/** Who wrote a batch, for the broker to find duplicates and gaps. All three are -1 without idempotence. */
export interface BatchIdentity {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
}

/** Records after a codec worked on them, with the codec's number (see `compressionTypes`). */
export interface CompressedRecords {
  readonly type: number
  readonly bytes: Uint8Array
}

export interface SealOptions extends Partial<BatchIdentity> {
  /** Default: false. */
  readonly isTransactional?: boolean
  /** What a codec made of the builder's `records`; none by default. */
  readonly compressed?: CompressedRecords
}

/** What a batch is sealed from: the builder's figures. */
interface BatchFigures {
  readonly count: number
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  readonly lastOffsetDelta: number
}

/**
 * A batch that is ready to be sent: one piece when it is not compressed, header and records as two pieces when it
 * is. Its records never change again; the producer's identity may, by `restamp`.
 */
export class SealedBatch {
  /** Records in the batch. */
  readonly count: number
  /** Bytes before compression, header included. */
  readonly uncompressedBytes: number
  /** Bytes on the wire, header included. */
  readonly byteLength: number
  /** The batch as a Produce request takes it. Not copied: it must not be restamped while it is being sent. */
  readonly bytes: RecordBytes
  readonly #header: Buffer
  readonly #compressed: Uint8Array | undefined

  /** @param slab head room and encoded records; the header is written into it */
  constructor(figures: BatchFigures, slab: Buffer, options: SealOptions) {
    const { compressed, producerId = -1n, producerEpoch = -1, baseSequence = -1 } = options
    this.count = figures.count
    this.uncompressedBytes = slab.length
    this.#compressed = compressed?.bytes
    this.#header = compressed === undefined ? slab : Buffer.allocUnsafe(batchHeaderBytes)
    this.byteLength = compressed === undefined ? slab.length : batchHeaderBytes + compressed.bytes.length
    this.bytes = compressed === undefined ? slab : [this.#header, compressed.bytes]
    writeBatchHeader(this.#header, this.byteLength, {
      baseOffset: 0n,
      partitionLeaderEpoch: -1,
      attributes: (compressed?.type ?? 0) | (options.isTransactional ? batchAttributes.transactional : 0),
      lastOffsetDelta: figures.lastOffsetDelta,
      baseTimestamp: figures.baseTimestamp,
      maxTimestamp: figures.maxTimestamp,
      producerId,
      producerEpoch,
      baseSequence,
      recordsCount: figures.count,
    })
    this.#writeChecksum()
  }

  /**
   * Gives the batch another identity and a new checksum; the records are neither copied nor compressed again. Only
   * between attempts: never while the batch is on its way.
   */
  restamp(identity: BatchIdentity): void {
    this.#header.writeBigInt64BE(identity.producerId, batchLayout.producerId)
    this.#header.writeInt16BE(identity.producerEpoch, batchLayout.producerEpoch)
    this.#header.writeInt32BE(identity.baseSequence, batchLayout.baseSequence)
    this.#writeChecksum()
  }

  /** The whole batch in one buffer; copies a compressed one. */
  toBuffer(): Buffer {
    return this.#compressed === undefined ? this.#header : Buffer.concat([this.#header, this.#compressed])
  }

  #writeChecksum(): void {
    let crc = crc32c(this.#header, batchLayout.attributes)
    if (this.#compressed !== undefined) crc = crc32c(this.#compressed, 0, this.#compressed.length, crc)
    this.#header.writeUInt32BE(crc, batchLayout.crc)
  }
}
