import { batchAttributes, batchLayout } from '../../../../src/wire/records/batch-layout'
import { crc32c } from '../../../../src/wire/crc32c'
import { RecordBatchBuilder } from '../../../../src/wire/records/record-batch-builder'
import type { RecordHeader } from '../../../../src/wire/records/record-header'

/** A record to append: text key and value, or null. */
export interface LogRecord {
  readonly key?: string | null
  readonly value?: string | null
  readonly headers?: readonly RecordHeader[]
  readonly timestamp?: number
}

export interface BatchOptions {
  readonly leaderEpoch?: number
  readonly producerId?: bigint
  readonly isTransactional?: boolean
  readonly isControl?: boolean
  /** Offset of the batch's last record, counted from its first; more than the records when some were compacted away. */
  readonly lastOffsetDelta?: number
}

interface StoredBatch {
  readonly baseOffset: bigint
  readonly lastOffset: bigint
  bytes: Buffer
}

interface AbortedRange {
  readonly producerId: bigint
  readonly firstOffset: bigint
  readonly lastOffset: bigint
}

/** One partition's log as a broker keeps it: batches with offsets. */
export class FakeLog {
  batches: StoredBatch[] = []
  startOffset = 0n
  endOffset = 0n
  lastStableOffset: bigint | undefined
  aborted: AbortedRange[] = []

  append(records: readonly LogRecord[], options: BatchOptions = {}): bigint {
    const builder = new RecordBatchBuilder()
    for (const { key = null, value = null, headers, timestamp = 1000 } of records) {
      builder.append(timestamp, key, value, headers ?? null)
    }
    return this.store(builder, options)
  }

  /** Values `from`, `from + 1`, … as text, one batch of `perBatch` records after another. */
  fill(count: number, perBatch = 10, from = Number(this.endOffset)): void {
    for (let at = 0; at < count; at += perBatch) {
      const size = Math.min(perBatch, count - at)
      this.append(
        Array.from({ length: size }, (_, i) => ({
          key: `k${(from + at + i) % 7}`,
          value: String(from + at + i),
        })),
      )
    }
  }

  /** The marker that ends a transaction. */
  appendMarker(producerId: bigint, type: 'abort' | 'commit', firstOffset?: bigint): void {
    const builder = new RecordBatchBuilder()
    const key = Buffer.from([0, 0, 0, type === 'abort' ? 0 : 1])
    builder.append(1000, key, Buffer.alloc(6))
    const offset = this.store(builder, { producerId, isTransactional: true, isControl: true })
    if (type === 'abort' && firstOffset !== undefined) {
      this.aborted.push({ producerId, firstOffset, lastOffset: offset })
    }
  }

  store(builder: RecordBatchBuilder, options: BatchOptions): bigint {
    const sealed = builder.seal({
      producerId: options.producerId ?? -1n,
      producerEpoch: options.producerId === undefined ? -1 : 0,
      baseSequence: options.producerId === undefined ? -1 : 0,
      isTransactional: options.isTransactional ?? false,
    })
    const bytes = Buffer.from(sealed.toBuffer())
    const baseOffset = this.endOffset
    const lastOffsetDelta = options.lastOffsetDelta ?? builder.lastOffsetDelta
    bytes.writeBigInt64BE(baseOffset, batchLayout.baseOffset)
    bytes.writeInt32BE(options.leaderEpoch ?? 0, batchLayout.partitionLeaderEpoch)
    bytes.writeInt32BE(lastOffsetDelta, batchLayout.lastOffsetDelta)
    if (options.isControl) {
      bytes.writeInt16BE(
        bytes.readInt16BE(batchLayout.attributes) | batchAttributes.control,
        batchLayout.attributes,
      )
    }
    bytes.writeUInt32BE(crc32c(bytes, batchLayout.attributes), batchLayout.crc)
    const lastOffset = baseOffset + BigInt(lastOffsetDelta)
    this.batches.push({ baseOffset, lastOffset, bytes })
    this.endOffset = lastOffset + 1n
    return baseOffset
  }

  /** Damages one byte of the records of the batch that holds this offset. */
  corrupt(offset: bigint): void {
    const batch = this.batches.find(({ lastOffset }) => lastOffset >= offset)
    if (batch === undefined) throw new Error('no such batch')
    const at = batch.bytes.length - 2
    batch.bytes[at] = (batch.bytes[at] as number) ^ 0xff
  }

  deleteBefore(offset: bigint): void {
    this.startOffset = offset
    this.batches = this.batches.filter(({ lastOffset }) => lastOffset >= offset)
  }

  /** Whole batches from this offset on, the first one always, others up to `maxBytes`; then a cut-off rest. */
  read(offset: bigint, maxBytes: number, limitOffset = this.endOffset): Buffer {
    const pieces: Buffer[] = []
    let size = 0
    for (const { baseOffset, lastOffset, bytes } of this.batches) {
      if (lastOffset < offset || baseOffset >= limitOffset) continue
      if (size > 0 && size + bytes.length > maxBytes) {
        pieces.push(bytes.subarray(0, Math.max(0, Math.min(bytes.length - 1, maxBytes - size))))
        break
      }
      pieces.push(bytes)
      size += bytes.length
    }
    return Buffer.concat(pieces)
  }

  abortedFor(offset: bigint, records: Buffer): { producerId: bigint; firstOffset: bigint }[] {
    const upTo = offset + BigInt(records.length)
    return this.aborted
      .filter(({ firstOffset, lastOffset }) => lastOffset >= offset && firstOffset <= upTo)
      .map(({ producerId, firstOffset }) => ({ producerId, firstOffset }))
  }
}
