import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { RecordBatch } from '../../../src/wire/records/record-batch'
import { openRecords } from '../../../src/wire/records/open-records'
import { readRecordBatches } from '../../../src/wire/records/record-batch-reader'

/** What is in a batch, in the form in which the Java program prints it. */
export interface BatchVector {
  magic: number
  sizeInBytes: number
  baseOffset: string
  lastOffset: string
  checksum: number
  compressionType: number
  logAppendTime: boolean
  transactional: boolean
  control: boolean
  deleteHorizon: boolean
  baseTimestamp: number | null
  maxTimestamp: number
  producerId: string
  producerEpoch: number
  baseSequence: number
  partitionLeaderEpoch: number
  records: RecordVector[]
}

export interface RecordVector {
  offset: string
  timestamp: number
  /** Base64, like all bytes. */
  key: string | null
  value: string | null
  headers: [string, string | null][]
}

/** A records field and what Java reads in it. */
export interface RecordsVector {
  name: string
  bytes: string
  batches: BatchVector[]
}

/** Bytes of a codec and what they hold. */
export interface CodecVector {
  codec: 'gzip' | 'snappy' | 'lz4' | 'zstd'
  name: string
  bytes: string
  length: number
  sha256: string
}

/** Reads the committed vectors. */
export function loadVectors(): { records: RecordsVector[]; codecs: CodecVector[] } {
  const file = join(process.cwd(), 'test/golden/records/vectors/records.jsonl.gz')
  const records: RecordsVector[] = []
  const codecs: CodecVector[] = []
  for (const line of gunzipSync(readFileSync(file)).toString().trimEnd().split('\n')) {
    const vector = JSON.parse(line) as RecordsVector | CodecVector
    if ('codec' in vector) codecs.push(vector)
    else records.push(vector)
  }
  return { records, codecs }
}

/** Reads a records field with our code into the form of the vectors, checksums verified. */
export function readAll(bytes: Buffer): BatchVector[] {
  return readRecordBatches(bytes).map(describeBatch)
}

/** Reads one batch with our code into the form of the vectors. */
export function describeBatch(batch: RecordBatch): BatchVector {
  batch.verifyChecksum()
  const records: RecordVector[] = []
  const cursor = openRecords(batch)
  while (cursor.next()) {
    records.push({
      offset: String(cursor.offset),
      timestamp: cursor.timestamp,
      key: cursor.key()?.toString('base64') ?? null,
      value: cursor.value()?.toString('base64') ?? null,
      headers: cursor.headers().map(({ key, value }) => [key, value?.toString('base64') ?? null]),
    })
  }
  return {
    magic: batch.magic,
    sizeInBytes: batch.sizeInBytes,
    // Java, too, has to open a compressed set of the old formats to know this.
    baseOffset: String(batch.magic < 2 ? cursor.baseOffset : batch.baseOffset),
    lastOffset: String(batch.lastOffset),
    checksum: batch.crc,
    compressionType: batch.compressionType,
    logAppendTime: batch.isLogAppendTime,
    transactional: batch.isTransactional,
    control: batch.isControl,
    deleteHorizon: batch.hasDeleteHorizon,
    baseTimestamp: batch.magic < 2 ? null : batch.baseTimestamp,
    maxTimestamp: batch.maxTimestamp,
    producerId: String(batch.producerId),
    producerEpoch: batch.producerEpoch,
    baseSequence: batch.baseSequence,
    partitionLeaderEpoch: batch.partitionLeaderEpoch,
    records,
  }
}
