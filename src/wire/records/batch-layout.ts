/**
 * Where the fields of a record batch (magic 2) stand. The first four stand at the same places in the old formats, so
 * that the magic byte can be read before the format is known. The checksum covers everything from `attributes` on.
 *
 *     0 baseOffset  8 batchLength  12 partitionLeaderEpoch  16 magic  17 crc  21 attributes  23 lastOffsetDelta
 *     27 baseTimestamp  35 maxTimestamp  43 producerId  51 producerEpoch  53 baseSequence  57 recordsCount  61 records
 */
export const batchLayout = {
  baseOffset: 0,
  batchLength: 8,
  partitionLeaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordsCount: 57,
  records: 61,
} as const

/** Bytes before the records of a batch. */
export const batchHeaderBytes = 61

/** Bytes before those that `batchLength` counts. */
export const batchLengthOverhead = 12

/** Bits of a batch's attributes. */
export const batchAttributes = {
  compressionMask: 0x07,
  logAppendTime: 0x08,
  transactional: 0x10,
  control: 0x20,
  deleteHorizon: 0x40,
} as const

/** The fields of a batch header that stand before and behind its checksum. */
export interface BatchHeaderFields {
  readonly baseOffset: bigint
  readonly partitionLeaderEpoch: number
  readonly attributes: number
  readonly lastOffsetDelta: number
  /** Milliseconds since 1970, like all timestamps; -1 for none. */
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly recordsCount: number
}

/** Writes everything but the checksum into the first 61 bytes; `sizeInBytes` is that of the whole batch. */
export function writeBatchHeader(header: Buffer, sizeInBytes: number, fields: BatchHeaderFields): void {
  header.writeBigInt64BE(fields.baseOffset, batchLayout.baseOffset)
  header.writeInt32BE(sizeInBytes - batchLengthOverhead, batchLayout.batchLength)
  header.writeInt32BE(fields.partitionLeaderEpoch, batchLayout.partitionLeaderEpoch)
  header[batchLayout.magic] = 2
  header.writeInt16BE(fields.attributes, batchLayout.attributes)
  header.writeInt32BE(fields.lastOffsetDelta, batchLayout.lastOffsetDelta)
  writeInt64Number(header, batchLayout.baseTimestamp, fields.baseTimestamp)
  writeInt64Number(header, batchLayout.maxTimestamp, fields.maxTimestamp)
  header.writeBigInt64BE(fields.producerId, batchLayout.producerId)
  header.writeInt16BE(fields.producerEpoch, batchLayout.producerEpoch)
  header.writeInt32BE(fields.baseSequence, batchLayout.baseSequence)
  header.writeInt32BE(fields.recordsCount, batchLayout.recordsCount)
}

/** An int64 as a number; exact within ±2^53, the nearest number beyond. */
export function readInt64Number(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 0x100000000 + bytes.readUInt32BE(at + 4)
}

/** Writes an integer within ±2^53 as an int64. */
export function writeInt64Number(bytes: Buffer, at: number, value: number): void {
  bytes.writeInt32BE(Math.floor(value / 0x100000000), at)
  bytes.writeUInt32BE(value >>> 0, at + 4)
}
